"""Pictures that users sent: reading their files, and their colours as those of video."""

from pathlib import Path

import cv2
import numpy as np

from filmgate.core.spec import Size
from filmgate.engines.scenes.kernel import Bytes, Floats, floats
from filmgate.media.encode import Planes

_GLANCE = (64, 64)
_ALIKE = 4.0
"""In steps of luma: how far the pixels of a glance are apart on average."""


def read_picture(path: Path) -> Floats:
    """Rows of red, green and blue from 0 to 1, as they are displayed."""
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path.name} is not an image that can be read")
    return floats(pixels[..., ::-1]) / np.float32(255)


def resized(picture: Floats, size: Size) -> Floats:
    is_smaller = size.width < picture.shape[1]
    filtering = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return floats(
        np.clip(cv2.resize(picture, (size.width, size.height), None, 0, 0, filtering), 0, 1)
    )


def in_planes(picture: Floats) -> Planes:
    """A picture with even sides as a frame."""
    y, u, v = np.moveaxis(in_video_colours(picture), 2, 0)
    return Planes(_rounded(y), _rounded(_halved(u)), _rounded(_halved(v)))


def look_the_same(drawn: Planes, seen: Planes) -> bool:
    """Whether the second can be the first after it was encoded and decoded."""
    small, other = (
        floats(cv2.resize(planes.y, _GLANCE, interpolation=cv2.INTER_AREA))
        for planes in (drawn, seen)
    )
    return float(np.abs(small - other).mean()) < _ALIKE


def in_video_colours(picture: Floats) -> Floats:
    """Limited-range BT.709: rows of luma and two chroma values, from 16 to 240, not rounded yet."""
    red, green, blue = np.moveaxis(picture, 2, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    u = 128 + 224 / 1.8556 * (blue - luma)
    v = 128 + 224 / 1.5748 * (red - luma)
    return floats(np.stack([16 + 219 * luma, u, v], axis=2))


def _halved(plane: Floats) -> Floats:
    rows = plane[::2] + plane[1::2]
    return floats((rows[:, ::2] + rows[:, 1::2]) / 4)


def _rounded(plane: Floats) -> Bytes:
    return (plane + np.float32(0.5)).astype(np.uint8)
