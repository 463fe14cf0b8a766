"""Framing: how the frames of any film are brought to one size, upright, undistorted and filling it."""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.encode import Planes

_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_UNSPECIFIED = 2

# Films that do not name their colours have these: so players take them.
_HIGH_DEFINITION_ROWS = 577


@dataclass(frozen=True, slots=True)
class _Turn:
    """From the pixels as stored to the picture as shown: first transposed, then mirrored."""

    is_transposed: bool = False
    is_flipped_across: bool = False
    is_flipped_down: bool = False

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self.is_transposed:
            pixels = pixels.swapaxes(0, 1)
        if self.is_flipped_across:
            pixels = pixels[:, ::-1]
        return pixels[::-1] if self.is_flipped_down else pixels


class Framing:
    """Scales frames until they cover `size` and cuts off evenly what is left over."""

    def __init__(self, size: Size, *, pixel_aspect: Fraction = Fraction(1)) -> None:
        self._size = size
        self._pixel_aspect = pixel_aspect
        self._reformatter = VideoReformatter()

    def picture(self, frame: av.VideoFrame) -> Image.Image:
        """The frame in RGB."""
        turn = _turn_of(frame)
        pixels = np.asarray(self._scaled(frame, turn, pixels="rgb24").to_ndarray(), np.uint8)
        return Image.fromarray(np.ascontiguousarray(turn.apply(self._cut(pixels, turn))))

    def planes(self, frame: av.VideoFrame) -> Planes:
        """The frame as the MP4 writer takes it; the size must be even. Valid as long as the frame lives."""
        turn = _turn_of(frame)
        scaled = self._scaled(frame, turn, pixels="yuv420p")
        y, u, v = (
            turn.apply(self._cut(_rows(plane), turn, shrunk_by=shrunk))
            for plane, shrunk in zip(scaled.planes, (1, 2, 2), strict=True)
        )
        return Planes(y, u, v)

    def _scaled(self, frame: av.VideoFrame, turn: _Turn, *, pixels: str) -> av.VideoFrame:
        stored = _stored(self._size, turn)
        shown_width = frame.width * self._pixel_aspect
        scale = max(stored.width / shown_width, Fraction(stored.height, frame.height))
        return self._reformatter.reformat(
            frame,
            _even_from(stored.width, shown_width * scale),
            _even_from(stored.height, frame.height * scale),
            pixels,
            src_colorspace=_colours_of(frame),
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG if pixels == "yuv420p" else ColorRange.JPEG,
            interpolation=_interpolation(scale),
        )

    def _cut(
        self, pixels: NDArray[np.uint8], turn: _Turn, *, shrunk_by: int = 1
    ) -> NDArray[np.uint8]:
        stored = _stored(self._size, turn)
        height, width = stored.height // shrunk_by, stored.width // shrunk_by
        # The same cut in brightness and colour: even in the one, half of it in the other.
        top = (pixels.shape[0] - height) * shrunk_by // 4 * 2 // shrunk_by
        left = (pixels.shape[1] - width) * shrunk_by // 4 * 2 // shrunk_by
        return pixels[top : top + height, left : left + width]


def shown_size(frame: av.VideoFrame, *, pixel_aspect: Fraction) -> Size:
    """The film's size as a player shows it: upright, with square pixels."""
    size = Size(round(frame.width * pixel_aspect), frame.height)
    return _stored(size, _turn_of(frame))


def _interpolation(scale: Fraction) -> Interpolation:
    """As exact as can be seen: thumbnails take a quarter of the time by area, and show no difference."""
    if scale > 1:
        return Interpolation.BICUBIC
    return Interpolation.AREA if scale < 0.6 else _EXACT


def _even_from(least: int, wanted: Fraction) -> int:
    return 2 * math.ceil(max(least, round(wanted)) / 2)


def _stored(size: Size, turn: _Turn) -> Size:
    return Size(size.height, size.width) if turn.is_transposed else size


def _turn_of(frame: av.VideoFrame) -> _Turn:
    """From the display matrix: (x, y) as stored is shown at (ax + cy, bx + dy)."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return _Turn()
    a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _Turn(is_flipped_across=a < 0, is_flipped_down=d < 0)
    return _Turn(is_transposed=True, is_flipped_across=c < 0, is_flipped_down=b < 0)


def _colours_of(frame: av.VideoFrame) -> int:
    if frame.colorspace != _UNSPECIFIED:
        return frame.colorspace
    is_high_definition = min(frame.width, frame.height) >= _HIGH_DEFINITION_ROWS
    return Colorspace.ITU709 if is_high_definition else Colorspace.ITU601


def _rows(plane: Any) -> NDArray[np.uint8]:
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[
        : plane.height, : plane.width
    ]
