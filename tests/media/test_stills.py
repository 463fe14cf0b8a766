"""Stills: the whole film is looked at, upright and uncut, whatever it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.bench import MediaBench
from filmgate.media.errors import UnusableFilm
from filmgate.media.stills import BETWEEN, Still, write_stills
from tests.media.films import brightening, quadrants, write_film


def brightness(still: Still) -> float:
    with Image.open(still.path) as image:
        return float(np.asarray(image.convert("L")).mean())


def test_they_are_the_first_the_last_and_some_between(tmp_path: Path) -> None:
    size = Size(96, 64)
    film = write_film(tmp_path / "film.mp4", count=48, picture=brightening(size, count=48))
    first, last, *between = write_stills(film, tmp_path)
    assert brightness(first) < 5
    assert brightness(last) > 250
    assert len(between) == BETWEEN
    shades = [brightness(still) for still in between]
    assert shades == sorted(shades)
    assert [first.seconds, last.seconds] == [0, 2]
    assert between[0].seconds == pytest.approx(1 / 12)
    # Each shows the film as it is at that moment.
    assert shades == pytest.approx([255 * still.seconds / 2 for still in between], abs=8)


def test_a_turned_film_is_seen_upright_and_whole(tmp_path: Path) -> None:
    size = Size(96, 64)
    film = write_film(tmp_path / "film.mp4", picture=quadrants(size), turned=90)
    with Image.open(write_stills(film, tmp_path)[0].path) as image:
        assert image.size == (64, 96)


def test_a_large_film_is_seen_smaller(tmp_path: Path) -> None:
    size = Size(2048, 1152)
    film = write_film(tmp_path / "film.mp4", size=size, count=3, picture=quadrants(size))
    with Image.open(write_stills(film, tmp_path)[0].path) as image:
        assert image.size == (1280, 720)


async def test_a_film_that_is_none_is_unusable(bench: MediaBench, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(UnusableFilm):
        await bench.stills(path, into=tmp_path)


async def test_the_bench_says_where_they_are(bench: MediaBench, tmp_path: Path) -> None:
    stills = await bench.stills(write_film(tmp_path / "film.mp4"), into=tmp_path)
    assert len(stills) == BETWEEN + 2
    assert all(still.path.parent == tmp_path and still.path.stat().st_size for still in stills)
