"""Photographs with and without a face, from the wheel of scikit-image, and what can be done to them."""

import io
from importlib.metadata import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

WALL = (90, 120, 150)


def photograph(name: str) -> Image.Image:
    """`astronaut` shows a woman; `chelsea` is a cat, `coffee` a cup on a table, `moon` a field of craters."""
    listed = files("scikit-image") or []
    path = next(each for each in listed if each.match(f"skimage/data/{name}.*"))
    with Image.open(Path(str(path.locate()))) as image:
        return image.convert("RGB")


def portrait(
    *,
    height: int = 512,
    turned: int = 0,
    brightness: float = 1.0,
    size: tuple[int, int] = (1280, 720),
) -> Image.Image:
    """The astronaut so many pixels high before a wall; her face is a fourth of that."""
    scene = Image.new("RGB", size, WALL)
    person = photograph("astronaut").resize((height, height), Image.Resampling.LANCZOS)
    person = person.rotate(turned, expand=True, fillcolor=WALL)
    scene.paste(person, ((size[0] - person.width) // 2, (size[1] - person.height) // 2))
    return ImageEnhance.Brightness(scene).enhance(brightness)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image, np.uint8)
