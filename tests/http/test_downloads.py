"""Downloads on a wire: more than one piece, in ranges, by clients that leave, from disks that are slow."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from filmgate.http.services import Services
from filmgate.storage.reading import PIECE_BYTES
from tests.eventually import eventually
from tests.http.live import live
from tests.http.stage import Stage

FILM = os.urandom(6 * PIECE_BYTES + 321)
LARGE = 64 * 1024 * 1024


@pytest.fixture
async def server(services: Services) -> AsyncIterator[str]:
    async with live(services) as url:
        yield url


async def link_to(server: str, key: str, stage: Stage, *, film: bytes = FILM) -> str:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=server, headers=headers) as client:
        answer = await client.post("/sora/videos", json={"model": "sora-2", "prompt": "A cat"})
        wire_id = answer.json()["id"]
        await stage.complete(wire_id, film=film)
        return str((await client.get(f"/v1/result/{wire_id}")).json()["video_url"])


@pytest.fixture
async def link(server: str, key: str, stage: Stage) -> str:
    return await link_to(server, key, stage)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, FILM),
        ("bytes=5-", FILM[5:]),
        (f"bytes=0-{PIECE_BYTES - 1}", FILM[:PIECE_BYTES]),
        (f"bytes=0-{PIECE_BYTES}", FILM[: PIECE_BYTES + 1]),
        (f"bytes=17-{3 * PIECE_BYTES + 9}", FILM[17 : 3 * PIECE_BYTES + 10]),
        (f"bytes=-{2 * PIECE_BYTES}", FILM[-2 * PIECE_BYTES :]),
    ],
)
async def test_what_is_asked_for_comes_whole_whatever_its_length(
    link: str, asked: str | None, given: bytes
) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.get(link, headers={"range": asked} if asked else {})
    assert answer.content == given
    assert answer.headers["content-length"] == str(len(given))


async def test_several_ranges_come_in_one_answer_each_whole(link: str) -> None:
    first, second = FILM[10 : PIECE_BYTES + 20], FILM[4 * PIECE_BYTES :]
    asked = f"bytes=10-{PIECE_BYTES + 19},{4 * PIECE_BYTES}-"
    async with httpx2.AsyncClient() as client:
        answer = await client.get(link, headers={"range": asked})
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert (answer.status_code, kind) == (206, "multipart/byteranges")
    parts = answer.content.split(f"--{boundary}".encode())
    assert [part.partition(b"\r\n\r\n")[2][:-2] for part in parts[1:-1]] == [first, second]


async def test_many_downloads_at_once_each_get_their_own_bytes(link: str) -> None:
    async with httpx2.AsyncClient() as client:

        async def part(number: int) -> bytes:
            asked = f"bytes={number * 1000}-"
            return (await client.get(link, headers={"range": asked})).content

        parts = await asyncio.gather(*(part(number) for number in range(16)))
    assert parts == [FILM[number * 1000 :] for number in range(16)]


@asynccontextmanager
async def downloading(link: str) -> AsyncIterator[None]:
    """A client that has got the head of the answer, and takes no more."""
    async with httpx2.AsyncClient() as client, client.stream("GET", link) as answer:
        assert answer.status_code == 200
        yield


async def test_a_client_that_leaves_in_the_middle_leaves_no_file_open(
    server: str, key: str, stage: Stage, store_folder: Path
) -> None:
    link = await link_to(server, key, stage, film=bytes(LARGE))
    place = str(store_folder / httpx2.URL(link).path.removeprefix("/files/"))

    def count() -> int:
        return sum(os.path.realpath(each) == place for each in Path("/proc/self/fd").iterdir())

    async def is_open() -> bool:
        return count() == 1

    async def is_closed() -> bool:
        return count() == 0

    async with downloading(link):
        await eventually(is_open)
    await eventually(is_closed)


async def test_disks_that_hang_keep_nobody_waiting_who_needs_another_thread(
    services: Services, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging.mp4"
    os.mkfifo(hanging)  # opening it for reading takes until somebody writes
    downloads = [asyncio.gather(open_and_close(services, hanging)) for _ in range(40)]
    try:
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(lambda: "an image was checked")
    finally:
        writing = await asyncio.to_thread(os.open, hanging, os.O_RDWR)
        await asyncio.gather(*downloads)
        os.close(writing)


async def open_and_close(services: Services, path: Path) -> None:
    async with services.file_reads.opened(path):
        pass
