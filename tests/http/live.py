"""A server on loopback, for what only shows on a wire: streams, clients that leave, a server that stops."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from starlette.types import ASGIApp

from filmgate.core.spec import ObjectKey
from filmgate.core.video import Asset, Video
from filmgate.database import notices, videos
from filmgate.database.connection import Database
from filmgate.http.app import build_app
from filmgate.http.connections import Doorway
from filmgate.http.following.watching import Watch
from filmgate.http.ids import parse_id
from filmgate.http.services import Services
from tests.claiming import begin, complete
from tests.eventually import eventually


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def watching(watch: Watch) -> AsyncIterator[None]:
    """The watch runs beside the block."""
    async with asyncio.TaskGroup() as life:
        running = life.create_task(watch.run())
        try:
            yield
        finally:
            running.cancel()


@asynccontextmanager
async def live(
    services: Services,
    app: ASGIApp | None = None,
    *,
    doorway: Doorway | None = None,
    keep_alive: int = 5,
) -> AsyncIterator[str]:
    """The server's address. When the block ends, it stops as the real one does."""
    # With the protocol named, event loops turn Nagle's algorithm off: it would cost 40 ms an answer.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # whoever comes before the server is ready waits
        config = uvicorn.Config(
            app or build_app(services),
            http=(doorway or Doorway(most=10_000)).protocol(),
            lifespan="off",
            log_config=None,
            access_log=False,
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=keep_alive,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config)
        async with watching(services.watch), asyncio.TaskGroup() as life:
            life.create_task(server.serve(sockets=[listening]))
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                services.watch.close()
                server.should_exit = True


@dataclass(frozen=True)
class Told:
    """One event of a stream, or, without a name, what else moved its position."""

    position: str
    name: str
    body: dict[str, Any]

    @property
    def video_id(self) -> str:
        return str(self.body["data"]["id"])


class Stream:
    """An open stream of events."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.comments = 0
        self.position = ""
        self._lines = response.aiter_lines()

    def __aiter__(self) -> AsyncIterator[Told]:
        return self._told()

    async def next(self) -> Told:
        async with asyncio.timeout(10):
            return await anext(self._told())

    async def rest(self) -> list[Told]:
        async with asyncio.timeout(10):
            return [told async for told in self._told()]

    async def comment(self) -> None:
        """Return when another comment has come."""
        before = self.comments
        async with asyncio.timeout(10):
            async for line in self._lines:
                self._read(line)
                if self.comments > before:
                    return

    async def opened(self) -> None:
        """Return when the server has begun to follow."""
        async with asyncio.timeout(10):
            async for line in self._lines:
                self._read(line)
                if self.position:
                    return

    async def _told(self) -> AsyncIterator[Told]:
        fields: dict[str, str] = {}
        async for line in self._lines:
            self._read(line)
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "data" in fields:
                yield Told(self.position, fields["event"], json.loads(fields["data"]))
            if not line:
                fields = {}

    def _read(self, line: str) -> None:
        self.comments += line.startswith(":")
        if line.startswith("id: "):
            self.position = line.removeprefix("id: ")


@asynccontextmanager
async def streaming(
    client: httpx2.AsyncClient, path: str, *, after: str | None = None
) -> AsyncIterator[Stream]:
    headers = {} if after is None else {"last-event-id": after}
    async with client.stream("GET", path, headers=headers, timeout=30) as response:
        stream = Stream(response)  # kept here: one that nobody holds any more is closed
        yield stream


@dataclass(frozen=True)
class Hand:
    """A worker's: what it does is told as the real worker tells it."""

    database: Database

    async def begin(self, wire_id: str) -> Video:
        return await begin(self.database, parse_id(wire_id))

    async def advance(self, video: Video, percent: int) -> None:
        async with self.database.connection() as connection:
            await videos.touch(connection, [(video.id, video.attempt, percent)])
            await notices.announce(connection, [video])

    async def complete(self, wire_id: str) -> None:
        video = await self.begin(wire_id)
        key = ObjectKey(f"videos/{video.id}/{video.attempt}/video.mp4")
        asset = Asset(key=key, size_bytes=1, duration=8.0)
        assert await complete(self.database, video, asset=asset)


async def until_waiting(services: Services, count: int) -> None:
    async def look() -> bool:
        return services.watch.waiting == count

    await eventually(look)


async def lose_listener(database: Database) -> int:
    """Return which one it was."""
    pid = await eventually(lambda: listener(database))
    async with database.connection() as connection:
        assert await connection.fetchval("select pg_terminate_backend($1)", pid)
    return pid


async def listener(database: Database) -> int | None:
    """The process of the connection that listens, or only asks whether it still can."""
    async with database.connection() as connection:
        pid: int | None = await connection.fetchval(
            """
            select pid from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
              and (query ilike 'listen %' or query = 'select 1')
            """
        )
    return pid
