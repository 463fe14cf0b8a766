"""The bench: the same work from the event loop, in child processes that bad films may end."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.bench import MediaBench
from filmgate.media.bench_work import MEMORY_LIMIT_BYTES
from filmgate.media.errors import MediaUnavailable, UnusableFilm
from filmgate.media.probe import probe
from tests.eventually import eventually
from tests.media.films import tone, write_film

SIZE = Size(96, 64)


@pytest.fixture
async def bench() -> AsyncIterator[MediaBench]:
    bench = MediaBench()
    yield bench
    await bench.aclose()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.mp4", sound=tone(1))


def children_at_work() -> list[psutil.Process]:
    ours = psutil.Process(os.getpid()).children()
    return [child for child in ours if "filmgate.media.bench_work:carry_out" in child.cmdline()]


def size_of(path: Path) -> tuple[str | None, Size]:
    with Image.open(path) as image:
        return image.format, Size(*image.size)


async def test_a_finished_film_gets_its_pictures(
    bench: MediaBench, film: Path, tmp_path: Path
) -> None:
    pictures = await bench.pictures(film, into=tmp_path)

    assert (pictures.thumbnail, pictures.spritesheet) == (
        tmp_path / "thumbnail.webp",
        tmp_path / "spritesheet.jpg",
    )
    assert size_of(pictures.thumbnail)[0] == "WEBP"
    assert size_of(pictures.spritesheet)[0] == "JPEG"


async def test_an_upload_is_measured(bench: MediaBench, film: Path) -> None:
    facts = await bench.check_film(film)

    assert (facts.duration, facts.width, facts.height, facts.has_sound) == (1.0, 96, 64, True)


async def test_frames_and_portraits_are_taken(
    bench: MediaBench, film: Path, tmp_path: Path
) -> None:
    await bench.first_frame(film, tmp_path / "first.png", size=SIZE)
    await bench.last_frame(film, tmp_path / "last.png", size=SIZE)
    await bench.portrait(film, tmp_path / "portrait.webp")

    assert size_of(tmp_path / "first.png") == ("PNG", SIZE)
    assert size_of(tmp_path / "last.png") == ("PNG", SIZE)
    assert size_of(tmp_path / "portrait.webp") == ("WEBP", Size(512, 512))


async def test_two_films_become_one(bench: MediaBench, film: Path, tmp_path: Path) -> None:
    told: list[float] = []

    await bench.stitch(film, film, tmp_path / "whole.mp4", size=SIZE, on_progress=told.append)

    assert probe(tmp_path / "whole.mp4").duration == 2.0
    assert told[-1] == 100


async def test_a_verdict_names_what_was_found_and_the_child_goes_on(
    bench: MediaBench, film: Path, tmp_path: Path
) -> None:
    await bench.check_film(film)
    before = children_at_work()
    (tmp_path / "text.mp4").write_text("no film")

    with pytest.raises(UnusableFilm, match="not an MP4, MOV or WebM"):
        await bench.check_film(tmp_path / "text.mp4")
    await bench.check_film(film)

    assert [child.pid for child in children_at_work()] == [child.pid for child in before]


async def test_a_film_that_takes_too_long_is_unusable_and_its_child_is_gone(film: Path) -> None:
    bench = MediaBench(look_seconds=0.001)

    with pytest.raises(UnusableFilm, match="reasonable time"):
        await bench.check_film(film)
    assert not children_at_work()
    await bench.aclose()


async def test_other_work_that_takes_too_long_may_be_tried_again(
    film: Path, tmp_path: Path
) -> None:
    bench = MediaBench(look_seconds=0.001)

    with pytest.raises(MediaUnavailable, match="pictures took too long"):
        await bench.pictures(film, into=tmp_path)
    await bench.aclose()


async def test_a_folder_that_is_not_there_is_not_the_films_fault(
    bench: MediaBench, film: Path, tmp_path: Path
) -> None:
    with pytest.raises(MediaUnavailable, match="first_frame did not end well"):
        await bench.first_frame(film, tmp_path / "nowhere/first.png", size=SIZE)


async def test_a_killed_child_costs_a_check_one_more_try(bench: MediaBench, film: Path) -> None:
    await bench.check_film(film)
    (first,) = children_at_work()
    async with asyncio.TaskGroup() as group:
        check = group.create_task(bench.check_film(film))
        await asyncio.sleep(0)
        first.kill()

    assert check.result().frame_count == 24


async def test_cancelling_ends_the_child(bench: MediaBench, film: Path, tmp_path: Path) -> None:
    began = asyncio.Event()
    long = write_film(tmp_path / "long.mp4", count=480)
    work = asyncio.gather(
        bench.stitch(
            long,
            film,
            tmp_path / "whole.mp4",
            size=Size(1280, 720),
            on_progress=lambda _: began.set(),
        )
    )
    await asyncio.wait_for(began.wait(), 20)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    async def gone() -> bool:
        return not children_at_work()

    await eventually(gone)


async def test_no_more_children_than_seats(bench: MediaBench, film: Path) -> None:
    await asyncio.gather(*(bench.check_film(film) for _ in range(12)))

    assert 1 <= len(children_at_work()) <= 4


def test_a_child_gets_no_more_memory_than_its_limit(film: Path) -> None:
    program = (
        "from filmgate.media import bench_work\n"
        f"bench_work.carry_out({{'do': 'check_film', 'video': {str(film)!r}}}, print)\n"
        "try:\n"
        f"    bytearray({MEMORY_LIMIT_BYTES})\n"
        "except MemoryError:\n"
        "    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout == b"refused\n"
