"""A city across the water: rows of buildings, moved past each other by the camera."""

from typing import NamedTuple

import numpy as np

from filmgate.engines.scenes.buildings import paint_row
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import LAND, Canvas
from filmgate.engines.scenes.kernel import Bytes, Floats, Real, clamp, f32, inner, kernel, u32
from filmgate.engines.scenes.setting import Setting

_DEPTHS = (2600.0, 1600.0, 950.0)
_TRAVEL = 12.0
"""A city is large: the camera's way is so many times longer than before a lake."""


class Skyline:
    def __init__(self, setting: Setting) -> None:
        self._rows = [(depth, paint_row(setting, depth=depth)) for depth in _DEPTHS]

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        view = moment.view
        ahead = view.y * _TRAVEL
        for depth, row in self._rows:
            scale = view.focal / canvas.lens.focal * depth / (depth - ahead)
            middle = view.centre - view.x * _TRAVEL * view.focal / depth
            base = view.horizon + view.eye * view.focal / (_DEPTHS[-1] - ahead)
            _paste(canvas.light, canvas.solid, row, _Place(*map(f32, (1 / scale, middle, base))))


class _Place(NamedTuple):
    """`step` is how many of the row's pixels lie under one of the picture's."""

    step: Real
    middle: Real
    base: Real


@kernel
def _paste(light: Floats, solid: Bytes, row: Floats, place: _Place) -> None:
    """`row` holds premultiplied red, green, blue and alpha, colours last."""
    height = solid.shape[0]
    rows = f32(row.shape[0])
    top = max(0, int(place.base - rows / place.step) + 1)
    for y in range(top, min(height, int(place.base))):
        down = clamp(rows - (place.base - f32(y)) * place.step - f32(0.5), f32(0), rows - f32(1.01))
        above = np.floor(down)
        upper, lower = row[u32(above)], row[u32(above) + u32(1)]
        _paste_line(light[:, y], solid[y], upper, lower, down - above, place)


@inner
def _paste_line(
    light: Floats, solid: Bytes, upper: Floats, lower: Floats, down: Real, place: _Place
) -> None:
    columns = f32(upper.shape[0])
    for x in range(solid.shape[0]):
        across = (f32(x) - place.middle) * place.step + columns * f32(0.5)
        across = clamp(across, f32(0), columns - f32(2))
        left = np.floor(across)
        right = across - left
        at = u32(left)
        after = at + u32(1)
        if upper[at, 3] + upper[after, 3] + lower[at, 3] + lower[after, 3] == 0:
            continue
        solid[x] = LAND
        first = upper[at, 3] * (f32(1) - right) + upper[after, 3] * right
        second = lower[at, 3] * (f32(1) - right) + lower[after, 3] * right
        behind = f32(1) - first - (second - first) * down
        for channel in range(3):
            first = upper[at, channel] * (f32(1) - right) + upper[after, channel] * right
            second = lower[at, channel] * (f32(1) - right) + lower[after, channel] * right
            light[channel, x] = light[channel, x] * behind + first + (second - first) * down
