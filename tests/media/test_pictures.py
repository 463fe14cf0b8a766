"""Thumbnail and spritesheet."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.errors import UnusableFilm
from filmgate.media.pictures import (
    SPRITESHEET_COLUMNS,
    SPRITESHEET_ROWS,
    THUMBNAIL_LONG_SIDE,
    write_pictures,
)
from tests.media.films import Picture, quadrants, write_film

COUNT = SPRITESHEET_COLUMNS * SPRITESHEET_ROWS


def pictures_of(film: Path) -> tuple[Image.Image, Image.Image]:
    thumbnail, spritesheet = film.with_suffix(".webp"), film.with_suffix(".jpg")
    write_pictures(film, thumbnail=thumbnail, spritesheet=spritesheet)
    return opened(thumbnail), opened(spritesheet)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def brightness_of_tiles(sheet: Image.Image) -> list[float]:
    width, height = sheet.width // SPRITESHEET_COLUMNS, sheet.height // SPRITESHEET_ROWS
    grey = np.asarray(sheet.convert("L"))
    return [
        float(grey[row * height : (row + 1) * height, column * width : (column + 1) * width].mean())
        for row in range(SPRITESHEET_ROWS)
        for column in range(SPRITESHEET_COLUMNS)
    ]


def test_they_are_a_webp_and_a_jpeg(tmp_path: Path) -> None:
    thumbnail, sheet = pictures_of(write_film(tmp_path / "f.mp4"))

    assert (thumbnail.format, sheet.format) == ("WEBP", "JPEG")


@pytest.mark.parametrize(
    ("size", "tile", "small"),
    [
        (Size(1280, 720), (320, 180), (640, 360)),
        (Size(720, 1280), (180, 320), (360, 640)),
        (Size(114, 64), (114, 64), (114, 64)),
        (Size(64, 64), (64, 64), (64, 64)),
    ],
    ids=str,
)
def test_their_sizes_follow_from_the_films(
    tmp_path: Path, size: Size, tile: tuple[int, int], small: tuple[int, int]
) -> None:
    film = write_film(tmp_path / "f.mp4", size=size, count=20, options={"preset": "ultrafast"})

    thumbnail, sheet = pictures_of(film)

    assert sheet.size == (tile[0] * SPRITESHEET_COLUMNS, tile[1] * SPRITESHEET_ROWS)
    assert thumbnail.size == small
    assert max(thumbnail.size) <= THUMBNAIL_LONG_SIDE


@pytest.mark.parametrize("options", [{}, {"bf": "0"}, {"bf": "3", "g": "250"}, {"g": "7"}])
def test_a_tile_shows_the_middle_of_its_part(tmp_path: Path, options: dict[str, str]) -> None:
    """In a film of 100 frames that brightens evenly, tile n shows frame 5n + 2."""
    film = write_film(tmp_path / "f.mp4", count=100, options=options)

    _, sheet = pictures_of(film)

    wanted = [255 * (5 * tile + 2) / 99 for tile in range(COUNT)]
    assert np.abs(np.subtract(brightness_of_tiles(sheet), wanted)).max() < 3


def test_a_film_with_fewer_frames_than_tiles_fills_them_all(tmp_path: Path) -> None:
    _, sheet = pictures_of(write_film(tmp_path / "f.mp4", count=7))

    tiles = brightness_of_tiles(sheet)
    assert tiles[0] < 5
    assert tiles[-1] > 250
    assert np.diff(tiles).min() > -1


def test_tiles_of_a_turned_film_are_upright(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", picture=quadrants(Size(96, 64)), turned=90)

    thumbnail, sheet = pictures_of(film)

    assert sheet.height / SPRITESHEET_ROWS > sheet.width / SPRITESHEET_COLUMNS
    assert thumbnail.size == (64, 96)


def test_the_thumbnail_is_none_of_the_empty_frames(tmp_path: Path) -> None:
    """Black but for a while after its middle: a fixed moment would be a black thumbnail."""
    film = write_film(tmp_path / "f.mp4", count=60, picture=_only_between(36, 46))

    thumbnail, _ = pictures_of(film)

    assert np.asarray(thumbnail.convert("L")).std() > 40


def _only_between(begin: int, end: int) -> Picture:
    shown = quadrants(Size(96, 64))

    def picture(number: int) -> NDArray[np.uint8]:
        return shown(number) if begin <= number < end else np.zeros((64, 96, 3), np.uint8)

    return picture


def test_the_same_film_has_the_same_pictures(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4")

    first, again = pictures_of(film), pictures_of(film)

    assert [one.tobytes() for one in first] == [one.tobytes() for one in again]


def test_what_is_no_film_has_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "f.mp4").write_text("no film")

    with pytest.raises(UnusableFilm):
        pictures_of(tmp_path / "f.mp4")
