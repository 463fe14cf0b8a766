"""Serving: uvicorn as a part of a longer life, which begins when its server is ready and ends when it is told to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from filmgate.http.connections import Doorway


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers, and with a word when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp, *, listening: socket.socket, doorway: Doorway, grace_seconds: int
) -> AsyncIterator[Server]:
    """Answer within the block; what is under way at its end has the grace time."""
    server = Server(
        uvicorn.Config(
            app,
            http=doorway.protocol(),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # read in http/app.py
            timeout_graceful_shutdown=grace_seconds,
        )
    )
    async with asyncio.TaskGroup() as life:
        life.create_task(server.serve(sockets=[listening]))
        await server.ready.wait()
        try:
            yield server
        finally:
            server.should_exit = True
