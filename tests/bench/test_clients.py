"""The benchmarks' own clients: what they send, read and conclude."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench.clients.connection import Connection, ConnectionLost, bearer, get, post
from bench.clients.frames import FrameReader
from bench.clients.sampler import Lane, Sighting, take_note
from bench.scenarios.mixed import delays_of

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(serve: Serve) -> AsyncIterator[str]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def twice_and_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for answer in (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n",
    ):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_one_connection_serves_several_requests_and_says_when_it_is_lost() -> None:
    async with answering(twice_and_away) as url:
        connection = await Connection.open(url)
        first = await connection.ask(get("/", {}))
        second = await connection.ask(get("/", {}))
        with pytest.raises(ConnectionLost):
            await connection.ask(get("/", {}))
    assert (first.status, first.body) == (200, b"hi")
    assert (second.status, second.location) == (302, "http://elsewhere/")


def test_requests_carry_a_host_and_what_they_are_given() -> None:
    assert get("/a", bearer("key")) == (
        b"GET /a HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer key\r\n\r\n"
    )
    assert get("/a", {"Host": "there"}) == b"GET /a HTTP/1.1\r\nHost: there\r\n\r\n"
    assert post("/a", {}, b"{}").startswith(b"POST /a HTTP/1.1\r\n")
    assert post("/a", {}, b"{}").endswith(b"Content-Length: 2\r\n\r\n{}")


def test_frames_are_read_however_they_are_cut() -> None:
    text = (
        b"retry: 2000\nid: 4\n\n: still here\n\n"
        b'id: 5\nevent: video.completed\ndata: {"data":{"id":"video_1"}}\n\n'
    )
    reader = FrameReader()
    frames = [frame for byte in text for frame in reader.read(bytes([byte]))]
    assert [(frame.name, frame.video_id) for frame in frames] == [("video.completed", "1")]


def test_a_change_is_as_old_as_the_first_answer_that_tells_of_it_or_of_a_later_one() -> None:
    commits = [("a", 1, 10.0), ("a", 2, 10.1), ("b", 1, 10.0)]
    seen = [("a", 2, 10.15), ("a", 3, 11.0), ("c", 5, 10.0)]
    assert delays_of(commits, seen) == [pytest.approx(150), pytest.approx(50), math.inf]


def test_a_change_that_is_seen_before_its_commit_has_returned_is_not_old() -> None:
    assert delays_of([("a", 1, 10.0)], [("a", 1, 9.9)]) == [0]


def test_a_lane_notes_each_percentage_once_and_goes_on_to_the_next_video() -> None:
    lane, sighting = Lane(["a", "b"]), Sighting()
    for percent in (1, 1, 3, 2, 99):
        take_note(lane, "a", percent, sighting)
    take_note(lane, "a", 99, sighting)  # an answer that was under way
    take_note(lane, "b", 1, sighting)
    assert [(video_id, percent) for video_id, percent, _ in sighting.seen] == [
        ("a", 1),
        ("a", 3),
        ("a", 99),
        ("b", 1),
    ]
