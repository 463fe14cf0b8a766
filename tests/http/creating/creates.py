"""Creates as the server hands them in, sent both ways: all that is told, written down, counted and logged of each."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from filmgate.core.account import Caller
from filmgate.database.connection import Database
from filmgate.http.app import build_application
from filmgate.http.creating import CreateShortCut
from filmgate.http.dialects.newapi.routes import NewapiRoutes
from filmgate.http.dialects.openai.routes import OpenaiRoutes
from filmgate.http.dialects.relay.routes import RelayRoutes
from filmgate.http.limits import RequestRate, Standing
from filmgate.http.services import Services
from filmgate.http.whole import note_body
from filmgate.metrics import counts
from filmgate.usecases.acceptance import Acceptance
from tests.creating import running
from tests.http.polls import Answer, Clock, Poll, headers_of, sighted

PATHS = ["/v1/videos", "/v1/sora/videos", "/sora/videos", "/v1/video/generations"]
JSON = (b"content-type", b"application/json")
KEY = (b"idempotency-key", b"order-7")
WORDS: Mapping[str, object] = {"model": "sora-2", "prompt": "A cat"}
"""What every dialect takes."""

_OWN_TABLES = ("video", "idempotency", "ledger", "account", "account_clock", "engine_clock")
_MADE_UP = [
    (re.compile(rb"req_[0-9a-f]{24}"), b"REQUEST"),
    (re.compile(rb"\b(sora|video)_[0-9A-Z]{26}\b", re.IGNORECASE), rb"\1_ID"),
    (re.compile(rb'("created(?:_at)?":)\d+'), rb"\1MOMENT"),
]


@dataclass(frozen=True, kw_only=True)
class Create(Poll):
    """A request with a body, which came in one piece if it `is_whole`."""

    path: str = "/v1/videos"
    method: str = "POST"
    body: bytes
    is_whole: bool = True

    def scope(self) -> Scope:
        scope = super().scope()
        if self.is_whole:
            note_body(scope, self.body)
        return scope

    def with_header(self, *more: tuple[bytes, bytes]) -> "Create":
        return replace(self, headers=[*self.headers, *more])

    def with_fields(self, **fields: object) -> "Create":
        return replace(self, body=json.dumps(json.loads(self.body) | fields).encode())


def create_of(key: str, *more: tuple[bytes, bytes], path: str = "/v1/videos") -> Create:
    """As plain as can be."""
    body = json.dumps(WORDS).encode()
    return Create(path=path, body=body, headers=headers_of(key, JSON, *more))


async def send(app: ASGIApp, create: Create) -> Answer:
    """The client stays until it is answered."""
    messages: list[Message] = []
    bodies: list[Message] = [{"type": "http.request", "body": create.body, "more_body": False}]

    async def receive() -> Message:
        if not bodies:
            await asyncio.Event().wait()
        return bodies.pop()

    async def take(message: Message) -> None:
        messages.append(message)

    await app(create.scope(), receive, take)
    return Answer(messages)


class Doors:
    """The short cut before the application. Counts what is handed on."""

    def __init__(self, services: Services) -> None:
        self.handed_on = 0
        self.requests = counts.requests
        self.inside = build_application(services)
        dialects = (RelayRoutes(services), OpenaiRoutes(services), NewapiRoutes(services))
        self.short_cut = CreateShortCut(
            self._count,
            services=services,
            routes=[route for dialect in dialects for route in dialect.creates()],
            requests=self.requests,
        )

    async def send(self, create: Create) -> Answer:
        return await send(self.short_cut, create)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.handed_on += 1
        await self.inside(scope, receive, send)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one create or several: all that differs from request to request has been replaced."""

    answers: Sequence[Sequence[object]]
    rows: Sequence[Any]
    counted: Mapping[tuple[str, ...], tuple[float, float]]
    in_progress: int
    lines: Sequence[object]
    standing: Standing | None
    handed_on: int = field(compare=False, default=0)
    statuses: Sequence[int] = field(compare=False, default=())

    @property
    def videos(self) -> int:
        return sum(table == "video" for table, _ in self.rows)


@dataclass(frozen=True)
class Twice:
    """Sends the same by both ways, each into a world without videos. `prepare` is called first, each time."""

    services: Services
    caller: Caller
    prepare: Callable[[Database], Awaitable[None]] | None = None
    requests_a_minute: int | None = 600

    async def send(self, *creates: Create) -> Outcome:
        """What came of them, which is the same by both ways."""
        short, long = await self.outcomes(*creates)
        for each in fields(Outcome):
            if each.compare:
                assert getattr(short, each.name) == getattr(long, each.name), each.name
        return short

    async def outcomes(self, *creates: Create) -> tuple[Outcome, Outcome]:
        """By the short cut, and past it."""
        return await self._outcome(creates, is_short=True), await self._outcome(
            creates, is_short=False
        )

    async def _outcome(self, creates: Sequence[Create], *, is_short: bool) -> Outcome:
        database = self.services.database
        await empty(database)
        if self.prepare is not None:
            await self.prepare(database)
        rate = RequestRate(self.requests_a_minute, clock=Clock())
        services = replace(self.services, request_rate=rate)
        doors, before = Doors(services), counted()
        app = doors.short_cut if is_short else doors.inside
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
            answers = [await _send_alone(app, each) for each in creates]
        return Outcome(
            answers=[plain_words(answer) for answer in answers],
            rows=await rows(database),
            counted=since(before),
            in_progress=counts.requests.in_progress,
            lines=[_unnamed(line) for line in lines],
            standing=rate.count(self.caller),
            handed_on=doors.handed_on,
            statuses=[answer.status for answer in answers],
        )


async def _send_alone(app: ASGIApp, create: Create) -> Answer:
    """In a context of its own, as a server calls it."""
    async with asyncio.TaskGroup() as group:
        return await group.create_task(send(app, create))


def plain_words(answer: Answer) -> Sequence[object]:
    """Each message, with its headers in their order."""
    start, *rest = answer.messages
    headers = [(name, replaced(value)) for name, value in start["headers"]]
    bodies = [{**message, "body": replaced(message["body"])} for message in rest]
    return [{**start, "headers": headers}, *bodies]


def replaced(text: bytes) -> bytes:
    for pattern, word in _MADE_UP:
        text = pattern.sub(word, text)
    return text


async def empty(database: Database) -> None:
    """As if no video had ever been."""
    async with database.connection() as connection:
        await connection.execute(
            "truncate video, ledger, idempotency, account_clock, engine_clock restart identity cascade"
        )


def with_account(**columns: object) -> Callable[[Database], Awaitable[None]]:
    """Gives every account these limits, or this money."""

    async def prepare(database: Database) -> None:
        names = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 1))
        async with database.connection() as connection:
            await connection.execute(f"update account set {names}", *columns.values())

    return prepare


async def rows(database: Database) -> Sequence[Any]:
    """All that was written, without ids and moments. In an order that does not depend on where it lies."""
    found: list[Any] = []
    async with database.connection() as connection:
        for table in _OWN_TABLES:
            told = await connection.fetch(f"select to_jsonb(t)::text as row from {table} t")
            found += [(table, _unnamed(json.loads(each["row"]))) for each in told]
    return sorted(found, key=repr)


def counted() -> dict[tuple[str, ...], tuple[float, float]]:
    """How often each was answered, and for how many of its route and method the time was taken."""
    times = counts.requests.seconds.read()
    return {
        (method, route, status): (count, sum(times[method, route].counts))
        for (method, route, status), count in counts.requests.total.read().items()
    }


def since(
    before: Mapping[tuple[str, ...], tuple[float, float]],
) -> dict[tuple[str, ...], tuple[float, float]]:
    def more(values: tuple[str, ...], count: float, timed: float) -> tuple[float, float]:
        same_route = (each for name, (_, each) in before.items() if name[:2] == values[:2])
        return count - before.get(values, (0, 0))[0], timed - next(same_route, 0)

    told = {values: more(values, *numbers) for values, numbers in counted().items()}
    return {values: numbers for values, numbers in told.items() if numbers[0]}


def _unnamed(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what differs from one request to the next."""
    kept = {name: value for name, value in told.items() if not _is_moment(name)}
    made_up = {"id", "video_id", "made_id", "holder"} & kept.keys()
    kept |= {name: kept[name] is not None for name in made_up}
    kept |= {name: len(value) for name, value in kept.items() if name == "reference_keys"}
    if str(kept.get("request_id", "")).startswith("req_"):
        kept["request_id"] = "made up"
    return kept


def _is_moment(name: str) -> bool:
    return name.endswith(("_at", "_until")) or name == "ms"


@asynccontextmanager
async def awake(services: Services, *, key: str) -> AsyncIterator[None]:
    """All that the short cuts need runs beside the block, and the key is believed."""
    async with AsyncExitStack() as stack:
        if isinstance(services.acceptance, Acceptance):
            await stack.enter_async_context(running(services.acceptance))
        await stack.enter_async_context(sighted(services, key=key))
        yield
