"""Polls as the server hands them in: raw, so that nothing of an answer is lost or put in order on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import asyncpg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgate.core.account import digest
from filmgate.database.connection import Database
from filmgate.http.app import build_application
from filmgate.http.dialects.openai.routes import OpenaiRoutes
from filmgate.http.dialects.relay.routes import RelayRoutes
from filmgate.http.polling import PollShortCut
from filmgate.http.services import Services
from filmgate.http.whole import Whole
from filmgate.metrics.requests import RequestMetrics
from tests.eventually import eventually

PREFIXES = ["", "/kyyReactApiServer", "/kyyAiPower"]
PATHS = ["/v1/videos/video_{}", "/v1/videos/sora_{}", "/v1/result/sora_{}", "/v1/result/video_{}"]
"""Of the query routes that have a short cut."""

OUR_ID = (b"x-request-id", b"ours")

_OWN_NAME = "req_"


@dataclass
class Clock:
    """Seconds, as far as the test has turned it."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, kw_only=True)
class Poll:
    """A request as an ASGI server hands it in."""

    path: str
    headers: Sequence[tuple[bytes, bytes]]
    method: str = "GET"
    query: bytes = b""

    def scope(self) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": self.method,
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query,
            "root_path": "",
            "headers": list(self.headers),
            "client": ("203.0.113.5", 5_000),
            "server": ("127.0.0.1", 8_000),
        }


def headers_of(key: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """What a client sends with a poll."""
    usual = [(b"host", b"filmgate.test:8000"), (b"authorization", f"Bearer {key}".encode())]
    return [*usual, (b"user-agent", b"a client"), *more]


@dataclass(frozen=True)
class Answer:
    """All that was sent."""

    messages: Sequence[Message]

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def unnamed(self) -> Self:
        """Without the request id, where it is one that we have made up."""
        start, *rest = self.messages
        headers = [
            (name, b"made up" if value.startswith(_OWN_NAME.encode()) else value)
            for name, value in start["headers"]
        ]
        return type(self)([{**start, "headers": headers}, *rest])


async def ask(app: ASGIApp, poll: Poll) -> Answer:
    return await _ask(app, poll.scope())


async def _ask(app: ASGIApp, scope: Scope) -> Answer:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return Answer(messages)


class Doors:
    """The short cut before the application, as a connection asks it: counts what is answered at once, and handed on."""

    def __init__(self, services: Services, requests: RequestMetrics | None = None) -> None:
        self.at_once = self.handed_on = 0
        self._inside = build_application(services)
        self.short_cut = PollShortCut(
            self._count,
            services=services,
            routes=[*RelayRoutes(services).polls(), *OpenaiRoutes(services).polls()],
            requests=requests or RequestMetrics(),
        )

    async def ask(self, poll: Poll) -> Answer:
        scope = poll.scope()
        told: asyncio.Future[Whole | None] = asyncio.get_running_loop().create_future()

        def tell(whole: Whole | None) -> bool:
            told.set_result(whole)
            return whole is not None

        if not self.short_cut.answers(scope, tell):
            return await _ask(self.short_cut, scope)
        self.at_once += told.done()
        whole = await told
        if whole is None:
            return await _ask(self.short_cut, scope)
        lines = [tuple(line.split(b": ", 1)) for line in whole.lines.split(b"\r\n")[:-1]]
        start: Message = {"type": "http.response.start", "status": 200, "headers": lines}
        return Answer([start, {"type": "http.response.body", "body": whole.body}])

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.handed_on += 1
        await self._inside(scope, receive, send)


class CountedDatabase(Database):
    """Writes down what it is asked."""

    queries: list[str]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with super().connection() as connection:
            with connection.query_logger(self._note):
                yield connection

    @classmethod
    async def open(cls, dsn: str, *, max_connections: int = 10) -> Self:
        database = await super().open(dsn, max_connections=max_connections)
        database.queries = []
        return database

    def _note(self, asked: asyncpg.connection.LoggedQuery) -> None:
        self.queries.append(" ".join(asked.query.split()))


@dataclass
class Gate:
    """Whether answers get through, and how many wait before it."""

    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    async def pass_through(self) -> None:
        self.waiting += 1
        try:
            await self.is_open.wait()
        finally:
            self.waiting -= 1

    def let_through(self) -> None:
        """Those who wait now, and nobody after them."""
        was_open = self.is_open.is_set()
        self.is_open.set()
        if not was_open:
            self.is_open.clear()

    async def until_one_waits(self) -> None:
        async def look() -> bool:
            return self.waiting > 0

        await eventually(look)


class HeldDatabase(Database):
    """Answers, but slowly: what it has read by then arrives when the gate is opened."""

    gate: Gate

    @classmethod
    async def open(cls, dsn: str, *, max_connections: int = 10) -> Self:
        database = await super().open(dsn, max_connections=max_connections)
        database.gate = Gate()
        return database

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with super().connection() as connection:
            yield connection
        await self.gate.pass_through()


@asynccontextmanager
async def sighted(services: Services, *, key: str) -> AsyncIterator[None]:
    """What the short cut needs runs beside the block, and the key is believed. Nobody listens for notices."""
    known = services.wrong_keys.known
    async with asyncio.TaskGroup() as life:
        running = [
            life.create_task(services.sightings.run()),
            life.create_task(known.run(services.database)),
        ]
        await asyncio.sleep(0)  # both have begun
        await services.wrong_keys.recognise(key, address="a", database=services.database)
        assert known.believe(digest(key)) is not None
        try:
            yield
        finally:
            for each in running:
                each.cancel()
