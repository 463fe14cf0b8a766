"""Creates over a real connection: the same bytes as without the short cuts, in whatever pieces they come."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from filmgate.database.connection import Database
from filmgate.http.app import build_app, build_application
from filmgate.http.services import Services
from filmgate.http.whole import WHOLE_LIMIT
from tests.eventually import eventually
from tests.http.creating.creates import PATHS, Doors, empty, replaced, rows
from tests.http.live import live

BODY = b'{"model":"sora-2","prompt":"A cat"}'


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    key: str

    def head(self, path: str, *lines: str, method: str = "POST") -> bytes:
        usual = [
            f"{method} {path} HTTP/1.1",
            "Host: filmgate.test",
            f"Authorization: Bearer {self.key}",
        ]
        return "\r\n".join([*usual, *lines, "", ""]).encode()

    def create(self, path: str, *lines: str, body: bytes = BODY) -> bytes:
        return self.head(path, f"Content-Length: {len(body)}", *lines) + body

    async def send(self, *pieces: bytes) -> None:
        """The server has taken each before the next comes: it waits for its turn on the loop."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self) -> tuple[bytes, bytes]:
        """Its head and its body."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)\r\n", head)
            return head, await self.reader.readexactly(int(length[1])) if length else b""

    async def rest(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.read()


@asynccontextmanager
async def client_of(address: str, key: str) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    try:
        yield Client(reader, writer, key)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def doors(services: Services, up: None) -> Doors:
    return Doors(services)


@pytest.fixture
async def client(services: Services, doors: Doors, key: str) -> AsyncIterator[Client]:
    """Of a server with the short cut for creates."""
    async with live(services, doors.short_cut) as address, client_of(address, key) as client:
        yield client


async def video_count(database: Database) -> int:
    return sum(table == "video" for table, _ in await rows(database))


def undated(answer: bytes) -> bytes:
    return replaced(re.sub(rb"date: [^\r]+", b"date: NOW", answer))


async def test_the_bytes_are_those_of_the_application(
    services: Services, up: None, key: str
) -> None:
    told = []
    for build in (build_app, build_application):
        await empty(services.database)
        async with live(services, build(services)) as address, client_of(address, key) as client:
            requests = [client.create(path) for path in PATHS]
            requests += [client.create(PATHS[0], "Idempotency-Key: a")] * 2
            requests += [client.create(PATHS[0], "X-Request-Id: ours", body=b"{}")]
            requests += [client.create(PATHS[0], "Connection: close")]
            await client.send(*requests)
            told.append(undated(await client.rest()))
    assert told[0] == told[1]
    statuses = re.findall(rb"HTTP/1.1 (\d+) ", told[0])
    assert statuses == [b"200"] * 6 + [b"400", b"200"]


async def test_pipelined_creates_are_answered_in_their_order(
    client: Client, doors: Doors, database: Database
) -> None:
    """Between those that take a longer way, too."""
    names = [f"r{number}" for number in range(12)]
    requests = [
        client.create(PATHS[number % 4], f"X-Request-Id: {name}")
        if number % 3
        else client.create("/v1/videos", f"X-Request-Id: {name}", "Prefer: wait=0")
        for number, name in enumerate(names)
    ]
    await client.send(b"".join(requests))
    answers = [await client.answer() for _ in names]
    told = [re.search(rb"x-request-id: (\w+)", head) for head, _ in answers]
    assert [each[1].decode() for each in told if each] == names
    ids = {json.loads(body)["id"] for _, body in answers}
    assert (len(ids), await video_count(database)) == (12, 12)
    assert doors.handed_on == 4


async def test_a_kept_connection_takes_one_create_after_the_other(
    client: Client, doors: Doors, database: Database
) -> None:
    for number in range(1, 6):
        await client.send(client.create("/v1/videos"))
        head, body = await client.answer()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert json.loads(body)["queue"]["position"] == number
    assert (doors.handed_on, await video_count(database)) == (0, 5)


@pytest.mark.parametrize("path", ["/v1/videos", "/kyyAiPower/v1/sora/videos"])
async def test_a_poll_right_after_a_create_tells_its_video(
    services: Services, up: None, key: str, path: str
) -> None:
    async with live(services) as address, client_of(address, key) as client:
        for _ in range(5):
            await client.send(client.create(path))
            _, body = await client.answer()
            made = json.loads(body)
            await client.send(client.head(f"/v1/videos/{made['id']}", method="GET"))
            head, body = await client.answer()
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert (json.loads(body)["id"], json.loads(body)["status"]) == (made["id"], "queued")


async def test_a_create_and_a_poll_sent_ahead_are_both_answered(
    services: Services, up: None, key: str, database: Database
) -> None:
    async with live(services) as address, client_of(address, key) as client:
        models = client.head("/v1/models", method="GET")
        await client.send(client.create("/v1/videos") + models + client.create("/v1/videos"))
        answers = [await client.answer() for _ in range(3)]
    assert [b'"object":"list"' in body for _, body in answers] == [False, True, False]
    assert await video_count(database) == 2


def chunked(body: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (body[:9], body[9:])) + (
        b"0\r\n\r\n"
    )


LARGE = b'{"model":"sora-2","prompt":"A cat","x":"%b"}' % (b"x" * WHOLE_LIMIT)


async def test_a_body_in_two_pieces_is_answered_as_well(
    client: Client, doors: Doors, database: Database
) -> None:
    request = client.create("/v1/videos")
    await client.send(request[: -len(BODY)])
    await eventually(lambda: is_handed_on(doors))  # so that the rest is another piece
    await client.send(BODY[:10], BODY[10:])
    await is_made(client, database)


async def test_a_chunked_body_is_answered_as_well(
    client: Client, doors: Doors, database: Database
) -> None:
    head = client.head("/v1/videos", "Transfer-Encoding: chunked")
    await client.send(head + chunked(BODY))
    await is_made(client, database)
    assert doors.handed_on == 0


async def test_a_chunked_body_in_pieces_is_answered_as_well(
    client: Client, doors: Doors, database: Database
) -> None:
    await client.send(client.head("/v1/videos", "Transfer-Encoding: chunked"))
    await eventually(lambda: is_handed_on(doors))
    await client.send(chunked(BODY)[:12], chunked(BODY)[12:])
    await is_made(client, database)


async def test_a_client_that_asks_whether_to_go_on_is_told_to(
    client: Client, doors: Doors, database: Database
) -> None:
    request = client.create("/v1/videos", "Expect: 100-continue")
    await client.send(request[: -len(BODY)])
    async with asyncio.timeout(10):
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(BODY)
    await is_made(client, database)
    assert doors.handed_on == 1


async def test_a_client_that_asks_and_does_not_wait_is_answered(
    client: Client, database: Database
) -> None:
    await client.send(client.create("/v1/videos", "Expect: 100-continue"))
    await is_made(client, database)


async def test_a_large_body_is_answered_as_well(
    client: Client, doors: Doors, database: Database
) -> None:
    await client.send(client.create("/v1/videos", body=LARGE))
    await is_made(client, database)
    assert doors.handed_on == 1


@pytest.mark.parametrize("length", [WHOLE_LIMIT - 1, WHOLE_LIMIT, WHOLE_LIMIT + 1])
async def test_bodies_about_the_limit_are_answered_alike(
    client: Client, database: Database, length: int
) -> None:
    await client.send(client.create("/v1/videos", body=BODY.ljust(length)))
    await is_made(client, database)


async def test_an_older_client_is_answered_and_its_connection_closed(
    client: Client, doors: Doors, database: Database
) -> None:
    await client.send(client.create("/v1/videos").replace(b"HTTP/1.1", b"HTTP/1.0"))
    told = await client.rest()
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in told
    assert (doors.handed_on, await video_count(database)) == (0, 1)


async def test_an_empty_body_is_refused(client: Client, database: Database) -> None:
    await client.send(client.create("/v1/videos", body=b""))
    head, _ = await client.answer()
    assert head.startswith(b"HTTP/1.1 400 ")
    assert await video_count(database) == 0


async def test_a_body_of_another_request_is_never_taken_for_this_one_s(
    client: Client, database: Database
) -> None:
    prompts: Sequence[str] = [f"cat {number}" for number in range(8)]
    bodies = [b'{"model":"sora-2","prompt":"%b"}' % prompt.encode() for prompt in prompts]
    requests = [client.create("/v1/videos", body=body) for body in bodies]
    models = client.head("/v1/models", "Content-Length: 4", method="GET") + b"body"
    await client.send(models.join(requests))
    answers = [json.loads((await client.answer())[1]) for _ in range(15)]
    assert [each["prompt"] for each in answers if "prompt" in each] == prompts


async def test_a_client_that_leaves_at_once_has_its_video(
    services: Services, up: None, key: str, database: Database, doors: Doors
) -> None:
    async with live(services, doors.short_cut) as address:
        async with client_of(address, key) as client:
            await client.send(client.create("/v1/videos"))
            client.writer.transport.abort()

        async def is_there() -> bool:
            return await video_count(database) == 1

        await eventually(is_there)
        async with client_of(address, key) as client:
            await client.send(client.create("/v1/videos"))
            head, _ = await client.answer()
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (await video_count(database), doors.requests.in_progress) == (2, 0)


async def is_handed_on(doors: Doors) -> bool:
    return doors.handed_on == 1


async def is_made(client: Client, database: Database) -> None:
    head, body = await client.answer()
    if head.startswith(b"HTTP/1.1 100 "):
        head, body = await client.answer()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(body)["prompt"] == "A cat"
    assert await video_count(database) == 1
