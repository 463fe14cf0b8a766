"""Painting outlines onto the picture: in up to three colours, their edge lit from where the light comes."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from filmgate.engines.scenes.canvas import SUBJECT, Canvas
from filmgate.engines.scenes.kernel import Bytes, Floats, f32, kernel
from filmgate.engines.scenes.shapes import Coat, Outline, Part

_SHIFT = 4  # OpenCV takes corners in sixteenths of a pixel
_WEIGHTS = {Coat.DARK: (255, 0, 0), Coat.PALE: (0, 255, 0), Coat.BRIGHT: (0, 0, 255)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """A row of colours by Coat, and the light on the edge: its colour, its width in pixels, its side."""

    coats: Floats
    rim: Floats
    rim_width: float
    rim_side: int


def paint_silhouette(canvas: Canvas, parts: list[Part], dress: Dress, *, foot: float) -> None:
    """Draw the parts, in pixels, in their order. Water mirrors them about the row `foot`."""
    corners = np.concatenate([outline for _, outline in parts])
    box = _box(corners, canvas, margin=int(dress.rim_width) + 3)
    if box.right - box.left < 2 or box.bottom - box.top < 2:
        return
    whole = np.zeros((box.bottom - box.top, box.right - box.left), np.uint8)
    coat = np.zeros((*whole.shape, 3), np.uint8)
    coat[..., 0] = 255
    for kind, outline in parts:
        points = [np.round((outline - (box.left, box.top)) * (1 << _SHIFT)).astype(np.int32)]
        cv2.fillPoly(whole, points, 255, cv2.LINE_AA, _SHIFT)
        cv2.fillPoly(coat, points, _WEIGHTS[kind], cv2.LINE_AA, _SHIFT)
    depth = np.asarray(cv2.GaussianBlur(whole, (0, 0), dress.rim_width), np.uint8)
    canvas.feet[box.left : box.right] = foot
    step = max(1, round(dress.rim_width))
    rim = _Rim(dress.rim, dress.rim_side * step, step)
    _blend(canvas.light, canvas.solid, box, _Masks(whole, coat, depth), dress.coats, rim)


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


class _Masks(NamedTuple):
    """`whole` is the silhouette, `coat` how much of each colour, `depth` the silhouette blurred."""

    whole: Bytes
    coat: Bytes
    depth: Bytes


class _Rim(NamedTuple):
    colour: Floats
    aside: int
    up: int


def _box(corners: Outline, canvas: Canvas, *, margin: int) -> _Box:
    """The part of the picture that the corners lie in."""
    height, width = canvas.solid.shape
    left, top = np.floor(corners.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + margin
    return _Box(
        max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom))
    )


@kernel
def _blend(light: Floats, solid: Bytes, box: _Box, masks: _Masks, coats: Floats, rim: _Rim) -> None:
    rows, columns = masks.whole.shape
    for row in range(rows):
        for column in range(columns):
            if masks.whole[row, column] == 0:
                continue
            part = f32(masks.whole[row, column]) * f32(1 / 255)
            beyond = masks.depth[max(0, row - rim.up), min(columns - 1, max(0, column + rim.aside))]
            edge = max(f32(0), f32(0.70) - f32(beyond) * f32(1 / 255)) * f32(1.43)
            y, x = box.top + row, box.left + column
            if part > f32(0.5):
                solid[y, x] = SUBJECT
            for channel in range(3):
                colour = rim.colour[channel] * edge * edge
                for coat in range(3):
                    share = f32(masks.coat[row, column, coat]) * f32(1 / 255)
                    colour += coats[coat, channel] * share
                light[channel, y, x] += (colour - light[channel, y, x]) * part
