"""The address at which metrics are scraped. Not the API's: API keys guard that one, and these are the operator's."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    make_asgi_app,
)
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from filmgate.exposing.collectors import Counted, Measured
from filmgate.http.connections import Doorway
from filmgate.http.serving import serving
from filmgate.usecases.depths import Depths
from filmgate.usecases.shared import Shared

GOOD_FOR = timedelta(seconds=3)
"""How often the database is asked at most, however many scrape us."""

_CONNECTIONS = 32
_GRACE_SECONDS = 1

log = structlog.get_logger()


class Exposition:
    """The ASGI application. `depths` is asked before an answer, and has its own end to its patience."""

    def __init__(self, depths: Shared[Depths | None]) -> None:
        self._depths = depths
        self._measured = Measured()
        registry = CollectorRegistry()
        registry.register(Counted())
        registry.register(self._measured)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._scraped: ASGIApp = make_asgi_app(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/metrics" or scope["method"] not in {"GET", "HEAD"}:
            nothing = PlainTextResponse("The metrics are at GET /metrics.\n", 404)
            await nothing(scope, receive, send)
            return
        self._measured.depths = await self._depths.get()
        # Written on the event loop: a thread would take turns with it for no gain, and counts have no locks.
        await self._scraped(scope, receive, send)


def listen(host: str, port: int) -> socket.socket:
    """Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_CONNECTIONS)
    except OSError:
        listening.close()
        raise
    listening.settimeout(0)
    return listening


@asynccontextmanager
async def exposing(listening: socket.socket, depths: Shared[Depths | None]) -> AsyncIterator[None]:
    """Answer scrapes within the block."""
    doorway = Doorway(most=_CONNECTIONS)
    async with serving(
        Exposition(depths), listening=listening, doorway=doorway, grace_seconds=_GRACE_SECONDS
    ):
        host, port = listening.getsockname()[:2]
        log.info("metrics are exposed", host=host, port=port)
        yield
