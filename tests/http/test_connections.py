"""Clients that take their time, connections without number, heads without end: on a real wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from filmgate.http.app import build_app
from filmgate.http.bodies.patience import BodyPatience
from filmgate.http.connections import HEAD_LIMIT, HEADER_LIMIT, PIPELINE_LIMIT, Doorway
from filmgate.http.limits import RequestRate
from filmgate.http.services import Services
from filmgate.usecases import accounts
from tests.eventually import eventually
from tests.http.live import live

SHORT = timedelta(milliseconds=200)
LONG = timedelta(seconds=60)
GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


class Wire:
    """A connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self) -> bytes:
        """The head of the next answer, and its body."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            )
            return head + await self.reader.readexactly(length)

    async def drip(self, data: bytes) -> bytes:
        """As `say`, a letter each ten milliseconds, until something is heard, or the server has closed."""
        for letter in data:
            await self.say(bytes([letter]))
            with suppress(TimeoutError):
                try:
                    async with asyncio.timeout(0.01):
                        return await self.reader.read(10_000)
                except ConnectionError:
                    return b""  # closed, with a letter still on its way
        raise AssertionError("the server waits and waits")

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[Wire]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def doorway(*, most: int = 100, head_time: timedelta = LONG) -> Doorway:
    return Doorway(most=most, head_time=head_time, exempt=[ip_network("127.0.0.0/8")])


# Heads


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"\r\n\r\n", GET[:-2]])
async def test_a_connection_that_does_not_say_what_it_wants_is_closed(
    services: Services, said: bytes
) -> None:
    async with live(services, doorway=doorway(head_time=SHORT)) as url, wired(url) as wire:
        await wire.say(said)
        assert await wire.rest() == b""


async def test_a_head_that_drips_is_not_waited_for(services: Services) -> None:
    async with live(services, doorway=doorway(head_time=SHORT)) as url, wired(url) as wire:
        assert await wire.drip(GET[:-4] + b"\r\nx: " + b"y" * 1_000) == b""


async def test_trailers_without_end_are_not_kept(services: Services) -> None:
    begin = b"POST /v1/videos HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        await wire.say(begin)
        for _ in range(2 * HEAD_LIMIT // 5_000):
            await wire.say(b"a:b\r\n" * 1_250)
        # Closed; whether the answer comes through before the reset is the network's affair.
        assert (await wire.rest())[:12] in {b"", b"HTTP/1.1 401", b"HTTP/1.1 431"}


async def test_a_few_trailers_are_read_over(services: Services) -> None:
    said = (
        b"POST /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: b\r\n\r\n"
    )
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        await wire.say(said)
        assert status(await wire.answer()) == 405
        await wire.say(GET)
        assert status(await wire.answer()) == 200


async def test_empty_lines_do_not_keep_a_connection_open(services: Services) -> None:
    """Uvicorn stops its own clock for each of them, and starts it with an answer only."""
    async with live(services, doorway=doorway(head_time=SHORT)) as url, wired(url) as wire:
        await wire.say(GET)
        assert status(await wire.answer()) == 200
        await wire.say(b"\r\n")
        assert await wire.rest() == b""


async def test_a_connection_is_used_again_and_again(services: Services) -> None:
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        for _ in range(5):
            await wire.say(GET)
            assert status(await wire.answer()) == 200


async def test_what_takes_long_to_answer_is_no_slow_client(services: Services, key: str) -> None:
    async with (
        live(services, doorway=doorway(head_time=SHORT)) as url,
        httpx2.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"}) as client,
    ):
        answer = await client.post(
            "/v1/videos", json={"prompt": "A cat"}, headers={"prefer": "wait=1"}, timeout=10
        )
    assert answer.headers["preference-applied"] == "wait=1"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * HEAD_LIMIT + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nx: " + b"y" * HEAD_LIMIT + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * (HEADER_LIMIT + 1) + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nx: " + b"y" * (10 * HEAD_LIMIT),
    ],
    ids=["line", "header", "headers", "endless"],
)
async def test_too_large_a_head_is_refused_and_the_connection_closed(
    services: Services, head: bytes
) -> None:
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        for start in range(0, len(head), 10_000):
            await wire.say(head[start : start + 10_000])
        answer = await wire.rest()
    # Where more was under way, the operating system may throw our word away with it.
    assert not answer or status(answer) == 431


async def test_a_head_within_the_limits_is_read_in_pieces_too(services: Services) -> None:
    head = b"GET /healthz HTTP/1.1\r\n" + (b"x: " + b"y" * 600 + b"\r\n") * 90 + b"\r\n"
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        for start in range(0, len(head), 5_000):
            await wire.say(head[start : start + 5_000])
        assert status(await wire.answer()) == 200


async def test_a_large_body_is_no_large_head(services: Services, key: str) -> None:
    body = b'{"prompt": "A cat"}' + b" " * 1_000_000
    async with (
        live(services, doorway=doorway()) as url,
        httpx2.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"}) as client,
    ):
        answers = [await client.post("/v1/videos", content=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3


async def test_requests_sent_ahead_are_few(services: Services) -> None:
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        await wire.say(GET * (PIPELINE_LIMIT + 100))
        answers = await wire.rest()
    assert answers.count(b"HTTP/1.1 200") <= PIPELINE_LIMIT + 1


# Bodies


async def test_a_body_that_drips_is_answered_408_and_the_connection_closed(
    services: Services, key: str
) -> None:
    app = BodyPatience(build_app(services), idle=SHORT)
    head = (
        f"POST /v1/videos HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
        "content-length: 1000\r\n\r\n{"
    )
    async with live(services, app, doorway=doorway(head_time=SHORT)) as url, wired(url) as wire:
        await wire.say(head.encode())
        answer = await wire.answer()
        await wire.say(b" ")
        assert await wire.rest() == b""
    assert status(answer) == 408
    assert b'"request_timeout"' in answer


async def test_a_body_that_never_pauses_but_is_too_slow_is_refused_too(
    services: Services, key: str
) -> None:
    app = BodyPatience(build_app(services), head_start=SHORT)
    head = f"POST /v1/videos HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
    async with live(services, app) as url, wired(url) as wire:
        await wire.say(head.encode() + b"content-length: 100000\r\n\r\n")
        assert status(await wire.drip(b" " * 1_000)) == 408


async def test_the_rest_of_a_refused_body_is_not_waited_for(services: Services) -> None:
    head = b"POST /v1/videos HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
    async with live(services, doorway=doorway(head_time=SHORT)) as url, wired(url) as wire:
        await wire.say(head)
        assert status(await wire.answer()) == 401
        await wire.say(b"x")
        assert await wire.rest() == b""


async def test_after_a_refusal_the_connection_is_usable(services: Services) -> None:
    body = b"x" * 300_000
    head = b"POST /v1/videos HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with live(services, doorway=doorway()) as url, wired(url) as wire:
        await wire.say(head + body)
        assert status(await wire.answer()) == 401
        await wire.say(GET)
        assert status(await wire.answer()) == 200


# Answers that nobody takes


async def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(services: Services) -> None:
    cut = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(2_000):
                body = {"type": "http.response.body", "body": bytes(65_536), "more_body": True}
                await send(body)
                if (await _peek(receive)) == "http.disconnect":
                    return
        finally:
            cut.set()

    patient = Doorway(most=10, stall_time=SHORT)
    async with live(services, endless, doorway=patient) as url, wired(url) as wire:
        await wire.say(GET)
        async with asyncio.timeout(10):
            await cut.wait()


async def _peek(receive: Receive) -> str:
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            return str((await receive())["type"])
    return ""


# How many


async def test_one_connection_too_many_is_told_so_and_the_others_go_on(services: Services) -> None:
    async with live(services, doorway=doorway(most=2)) as url:
        async with wired(url) as first, wired(url) as second:
            for wire in (first, second):
                await wire.say(GET)
                assert status(await wire.answer()) == 200
            async with wired(url) as third:
                answer = await third.rest()
            await first.say(GET)
            assert status(await first.answer()) == 200
        assert status(answer) == 503
        assert b"retry-after: 5" in answer

        async def is_free() -> bool:
            async with wired(url) as wire:
                await wire.say(GET)
                return status(await wire.answer()) == 200

        await eventually(is_free)


async def test_one_address_has_half_of_all_connections(services: Services) -> None:
    async with (
        live(services, doorway=Doorway(most=4)) as url,
        wired(url) as first,
        wired(url) as second,
        wired(url) as third,
    ):
        for wire in (first, second):
            await wire.say(GET)
            assert status(await wire.answer()) == 200
        assert status(await third.rest()) == 503


# One account's flood and another's polls


async def test_a_flood_of_one_account_leaves_another_s_polls_alone(
    services: Services, key: str
) -> None:
    theirs, _ = await accounts.create_key(services.database, account="theirs", name="x")
    limited = replace(services, request_rate=RequestRate(100))
    async with live(limited) as url:

        async def flood() -> None:
            async with httpx2.AsyncClient(
                base_url=url, headers={"authorization": f"Bearer {theirs}"}
            ) as client:
                while True:
                    await asyncio.gather(*(client.get("/v1/videos") for _ in range(50)))

        async with (
            httpx2.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"}) as client,
            asyncio.TaskGroup() as life,
        ):
            flooding = life.create_task(flood())
            answers = [await client.get("/v1/videos") for _ in range(50)]
            flooding.cancel()
    assert {answer.status_code for answer in answers} == {200}
