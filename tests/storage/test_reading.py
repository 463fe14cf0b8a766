"""Files on their way to clients: every byte, a turn of the loop for everybody between two pieces, nothing left open."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from filmgate.storage.reading import PIECE_BYTES, FileReads, OpenFile
from tests.eventually import eventually

FILM = os.urandom(5 * PIECE_BYTES + 1234)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(FILM)
    return path


async def rest_of(file: OpenFile) -> bytes:
    pieces = []
    while piece := await file.read(PIECE_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


def evict(path: Path) -> None:
    """Have the kernel forget the bytes, as it does with a film that nobody asked for in days."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def descriptors_on(path: Path) -> int:
    links = Path("/proc/self/fd").iterdir()
    return sum(os.path.realpath(link) == str(path) for link in links)


@pytest.mark.parametrize("prepare", [evict, Path.read_bytes])
async def test_every_byte_is_read_once_from_disk_or_memory(
    film: Path, prepare: Callable[[Path], object]
) -> None:
    prepare(film)
    async with FileReads().opened(film) as file:
        assert await rest_of(file) == FILM


async def test_reading_goes_on_from_where_it_was_put(film: Path) -> None:
    async with FileReads().opened(film) as file:
        await file.seek(PIECE_BYTES + 7)
        assert await file.read(10) == FILM[PIECE_BYTES + 7 :][:10]
        assert await rest_of(file) == FILM[PIECE_BYTES + 17 :]


async def test_the_event_loop_turns_between_any_two_pieces_of_all_downloads(film: Path) -> None:
    reads, turns, pieces = FileReads(), 0, 0
    loop = asyncio.get_running_loop()

    def count() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(count)

    async def download() -> None:
        nonlocal pieces
        async with reads.opened(film) as file:
            for place in range(0, 5 * PIECE_BYTES, 1024):
                await file.seek(place)
                seen = turns
                await file.read(1024)
                assert turns > seen
                pieces += 1

    count()
    began = turns
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(download())
    assert turns - began >= pieces


async def test_no_download_comes_twice_before_another_that_waits(film: Path) -> None:
    reads, order = FileReads(), ""

    async def download(name: str) -> None:
        nonlocal order
        async with reads.opened(film) as file:
            await everybody.wait()
            for _ in range(20):
                await file.read(16)
                order += name

    everybody = asyncio.Barrier(3)
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(download(name))
    rounds = [order[at : at + 3] for at in range(0, len(order), 3)]
    assert {"".join(sorted(each)) for each in rounds} == {"abc"}


async def test_a_download_that_gives_up_its_turn_does_not_take_the_others(film: Path) -> None:
    reads = FileReads()
    async with reads.opened(film) as left, reads.opened(film) as staying:
        leaving = asyncio.gather(left.read(16))
        reading = asyncio.gather(staying.read(16))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await reading)[0] == FILM[:16]


async def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with FileReads().opened(tmp_path / "none.mp4"):
            pass


async def test_nothing_stays_open(film: Path) -> None:
    async with FileReads().opened(film) as file:
        await file.read(16)
        assert descriptors_on(film) == 1
    assert descriptors_on(film) == 0


async def test_who_leaves_before_the_file_is_open_leaves_nothing_open(tmp_path: Path) -> None:
    slow = tmp_path / "slow.mp4"
    os.mkfifo(slow)  # opening it for reading takes until somebody writes

    async def download() -> None:
        async with FileReads().opened(slow):
            pass

    leaving = asyncio.gather(download())
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    writing = await asyncio.to_thread(os.open, slow, os.O_WRONLY)

    async def is_closed() -> bool:
        return descriptors_on(slow) == 1  # our own, for writing

    try:
        await eventually(is_closed)
    finally:
        os.close(writing)
