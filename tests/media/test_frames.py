"""Single frames as pictures: the right one, upright, undistorted and of the size asked for."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes
from filmgate.media.errors import UnusableFilm
from filmgate.media.frames import write_first_frame, write_last_frame
from filmgate.media.portraits import PORTRAIT_SIZE, write_portrait
from tests.media.films import brightening, quadrants, write_film

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
Take = Callable[[Path], NDArray[np.int_]]


def pixels(path: Path) -> NDArray[np.int_]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def first(film: Path, size: Size) -> NDArray[np.int_]:
    write_first_frame(film, film.with_suffix(".first.png"), size=size)
    return pixels(film.with_suffix(".first.png"))


def last(film: Path, size: Size) -> NDArray[np.int_]:
    write_last_frame(film, film.with_suffix(".last.png"), size=size)
    return pixels(film.with_suffix(".last.png"))


def corners(picture: NDArray[np.int_]) -> list[tuple[int, ...]]:
    """The colours in the middles of the four quarters, in reading order, to the nearest of full and none."""
    height, width = picture.shape[:2]
    return [
        tuple(round(value / 255) * 255 for value in picture[row, column])
        for row in (height // 4, height * 3 // 4)
        for column in (width // 4, width * 3 // 4)
    ]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("f.mp4", "libx264", {}),
        ("f.mp4", "libx264", {"g": "5"}),
        ("f.mp4", "libx265", {"x265-params": "log-level=none:open-gop=1:keyint=8"}),
        ("f.mov", "mpeg4", {}),
        ("f.webm", "libvpx-vp9", {}),
        ("f.webm", "libvpx", {}),
    ],
)
def test_they_are_the_first_and_the_very_last(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    size = Size(96, 64)
    film = write_film(
        tmp_path / name,
        codec=codec,
        options=options,
        count=30,
        picture=brightening(size, count=30),
    )

    assert first(film, size).mean() < 3
    assert last(film, size).mean() > 252


def test_the_last_one_is_found_without_an_index(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.webm", codec="libvpx", count=30, muxing={"live": "1"})

    assert last(film, Size(96, 64)).mean() > 252


def test_where_the_end_does_not_decode_the_last_that_does_is_taken(tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "f.mp4",
        count=30,
        options={"g": "10", "bf": "0"},
        muxing={"movflags": "faststart"},
    )
    data = bytearray(film.read_bytes())
    data[-400:] = bytes(400)
    film.write_bytes(data)

    assert 100 < last(film, Size(96, 64)).mean() < 255


@pytest.mark.parametrize("size", [Size(96, 64), Size(192, 128), Size(48, 32)], ids=str)
def test_colours_come_through(tmp_path: Path, size: Size) -> None:
    film = write_film(tmp_path / "f.mp4", picture=quadrants(Size(96, 64)))

    picture = first(film, size)

    assert picture.shape == (size.height, size.width, 3)
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]


def test_a_wider_film_loses_its_sides_evenly(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", size=Size(160, 64), picture=quadrants(Size(160, 64)))

    picture = first(film, Size(64, 64))

    assert corners(picture) == [RED, GREEN, BLUE, WHITE]
    edge = int(np.argmax(picture[16, :, 1] > 128))
    assert abs(edge - 32) <= 1


def test_a_taller_film_loses_its_top_and_bottom_evenly(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", size=Size(64, 160), picture=quadrants(Size(64, 160)))

    picture = first(film, Size(128, 72))

    assert corners(picture) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize(
    ("turned", "mirrored", "shown"),
    [
        (0, False, [RED, GREEN, BLUE, WHITE]),
        (90, False, [GREEN, WHITE, RED, BLUE]),
        (180, False, [WHITE, BLUE, GREEN, RED]),
        (-90, False, [BLUE, RED, WHITE, GREEN]),
        (0, True, [GREEN, RED, WHITE, BLUE]),
        (180, True, [BLUE, WHITE, RED, GREEN]),
    ],
)
def test_a_turned_film_is_set_upright(
    tmp_path: Path, turned: int, *, mirrored: bool, shown: list[tuple[int, ...]]
) -> None:
    film = write_film(
        tmp_path / "f.mp4", picture=quadrants(Size(96, 64)), turned=turned, mirrored=mirrored
    )
    size = Size(64, 96) if abs(turned) == 90 else Size(96, 64)

    assert corners(first(film, size)) == shown
    assert corners(last(film, size)) == shown


def test_pixels_that_are_not_square_are_stretched_as_a_player_does(tmp_path: Path) -> None:
    """A circle of two thirds of the height is 2/3 x 64 = 43 pixels wide when it is shown."""
    rows, columns = np.mgrid[0:64, 0:64]
    inside = ((rows - 32) ** 2 + ((columns - 32) * 2) ** 2) < 21**2
    disc = np.repeat((inside * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    film = write_film(
        tmp_path / "f.mp4", size=Size(64, 64), picture=lambda _: disc, pixel_aspect=Fraction(2)
    )

    shown = first(film, Size(128, 64))[:, :, 1] > 128

    assert abs(int(shown.any(axis=0).sum()) - int(shown.any(axis=1).sum())) <= 2


def test_full_range_and_limited_range_look_alike(tmp_path: Path) -> None:
    size = Size(96, 64)

    def grey(_: int) -> NDArray[np.uint8]:
        return np.full((64, 96, 3), 200, np.uint8)

    limited = write_film(tmp_path / "limited.mp4", picture=grey)
    full = write_film(tmp_path / "full.mp4", picture=grey, pixels="yuvj420p")

    assert abs(first(limited, size).mean() - 200) < 3
    assert abs(first(full, size).mean() - 200) < 3


def test_our_own_films_keep_their_colours(tmp_path: Path) -> None:
    """They are written in BT.709, whatever their size; its red is this."""
    path = tmp_path / "f.mp4"
    with Mp4Writer(path, Size(96, 64)) as writer:
        for _ in range(12):
            writer.write_frame(
                Planes(
                    np.full((64, 96), 63, np.uint8),
                    np.full((32, 48), 102, np.uint8),
                    np.full((32, 48), 240, np.uint8),
                )
            )
        writer.write_audio(np.zeros((2, SAMPLE_RATE // 2), np.float32))

    assert np.abs(first(path, Size(96, 64)) - RED).max() <= 4


def test_ten_bits_are_brought_to_eight(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", picture=quadrants(Size(96, 64)), pixels="yuv420p10le")

    assert corners(first(film, Size(96, 64))) == [RED, GREEN, BLUE, WHITE]


def test_a_portrait_is_the_square_in_the_middle_of_the_middle_frame(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", count=31)
    output = tmp_path / "portrait.webp"

    write_portrait(film, output)

    with Image.open(output) as portrait:
        assert (portrait.format, Size(*portrait.size)) == ("WEBP", PORTRAIT_SIZE)
    assert abs(pixels(output).mean() - 128) < 4


@pytest.mark.parametrize("write", [write_first_frame, write_last_frame])
def test_what_is_no_film_has_no_frames(tmp_path: Path, write: Callable[..., None]) -> None:
    (tmp_path / "f.mp4").write_text("no film")

    with pytest.raises(UnusableFilm):
        write(tmp_path / "f.mp4", tmp_path / "out.png", size=Size(64, 64))
    assert not (tmp_path / "out.png").exists()
