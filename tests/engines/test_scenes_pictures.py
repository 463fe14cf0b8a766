"""The pictures that a scene takes of itself: those that its film would have, decoded again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filmgate.core.ports import Pictures
from filmgate.engines.scenes.onlooker import Onlooker
from filmgate.engines.scenes.order import SceneOrder
from filmgate.engines.scenes.render import render
from filmgate.media.encode import Planes
from filmgate.media.pictures import write_pictures

SIZES: Mapping[str, tuple[int, int]] = {"wide": (320, 180), "tall": (180, 320)}


def order(folder: Path, *, width: int = 320, height: int = 180, tiny: bool = False) -> SceneOrder:
    return SceneOrder(
        prompt="snow over a mountain lake at night, moon, pan left", width=width, height=height, seconds=2,
        seed=3, references=(), output=folder / "out.mp4", tiny=tiny,
        pictures=Pictures(folder / "thumbnail.webp", folder / "spritesheet.jpg"),
    )  # fmt: skip


def apart(one: Path, other: Path) -> float:
    """How far two pictures of one format and size are apart, in steps, but for the grain that encoding costs."""
    with Image.open(one) as first, Image.open(other) as second:
        assert (first.format, first.size) == (second.format, second.size)
        pixels = [np.asarray(each.convert("RGB").reduce(4), float) for each in (first, second)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def brightening(count: int) -> Iterator[Planes]:
    grey = np.full((32, 48), 128, np.uint8)
    for number in range(count):
        yield Planes(
            np.full((64, 96), 16 + round(219 * number / (count - 1)), np.uint8), grey, grey
        )


def test_a_tile_shows_the_middle_of_its_part(tmp_path: Path) -> None:
    """In a film of 100 frames that brightens evenly, tile n shows frame 5n + 2."""
    pictures = Pictures(tmp_path / "thumbnail.webp", tmp_path / "spritesheet.jpg")
    onlooker = Onlooker(pictures, frame_count=100)

    assert sum(1 for _ in onlooker.seeing(brightening(100))) == 100
    onlooker.write()

    with Image.open(pictures.spritesheet) as sheet:
        tiles = np.asarray(sheet.convert("L"), float).reshape(4, 64, 5, 96).mean(axis=(1, 3))
    wanted = [255 * (5 * tile + 2) / 99 for tile in range(20)]
    assert np.abs(tiles.ravel() - wanted).max() < 3


@pytest.mark.parametrize("tiny", [False, True], ids=["full", "tiny"])
@pytest.mark.parametrize(("width", "height"), SIZES.values(), ids=SIZES)
def test_they_are_what_the_finished_film_shows(
    tmp_path: Path, *, width: int, height: int, tiny: bool
) -> None:
    made = order(tmp_path, width=width, height=height, tiny=tiny)
    render(made, progress=lambda _: None)
    assert made.pictures is not None

    decoded = Pictures(tmp_path / "decoded.webp", tmp_path / "decoded.jpg")
    write_pictures(made.output, thumbnail=decoded.thumbnail, spritesheet=decoded.spritesheet)

    assert apart(made.pictures.thumbnail, decoded.thumbnail) < 4
    assert apart(made.pictures.spritesheet, decoded.spritesheet) < 4


def test_none_are_taken_that_nobody_asked_for(tmp_path: Path) -> None:
    render(replace(order(tmp_path, tiny=True), pictures=None), progress=lambda _: None)

    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_they_do_not_change_the_film(tmp_path: Path) -> None:
    with_pictures = order(tmp_path, tiny=True)
    without = replace(with_pictures, pictures=None, output=tmp_path / "other.mp4")

    for each in (with_pictures, without):
        render(each, progress=lambda _: None)

    assert with_pictures.output.read_bytes() == without.output.read_bytes()
