"""Rain: streaks of falling drops, and the rings that they draw on water."""

from typing import NamedTuple

import numpy as np

from filmgate.engines.scenes.brief import Light
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import Canvas
from filmgate.engines.scenes.kernel import Bytes, Floats, Real, f32, inner, kernel
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.setting import Setting

_DROPS = 900
_RINGS = 220


class Rain:
    def __init__(self, setting: Setting) -> None:
        palette = setting.palette
        self._drops = setting.rng("rain").random((_DROPS, 4)).astype(np.float32)
        daylight = palette.cloud_light * 0.3 + palette.horizon * 0.3
        is_night = setting.brief.light is Light.NIGHT
        self._colour = linear("bcd0e8", 0.75) if is_night else daylight

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        self.draw_faded(canvas, moment, strength=1.0)

    def draw_faded(self, canvas: Canvas, moment: Moment, *, strength: float) -> None:
        """With so much of its usual brightness."""
        shower = _Shower(*map(f32, (moment.seconds, canvas.lens.unit, strength)))
        _fall(canvas.light, self._drops, self._colour, shower)


class Rings:
    """Where drops meet the water, out of step with the streaks: nobody can follow a single drop."""

    def __init__(self, setting: Setting) -> None:
        self._rings = setting.rng("rings").random((_RINGS, 4)).astype(np.float32)
        self._colour = setting.palette.cloud_light * np.float32(0.5) + np.float32(0.06)

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        horizon, seconds = f32(moment.view.horizon), f32(moment.seconds)
        _rings(canvas.light, canvas.solid, self._rings, self._colour, horizon, seconds)


class _Shower(NamedTuple):
    seconds: Real
    unit: Real
    strength: Real


@kernel
def _fall(light: Floats, drops: Floats, colour: Floats, shower: _Shower) -> None:
    height, width = light.shape[1:]
    for drop in range(drops.shape[0]):
        across, start, near, vigour = drops[drop]
        near *= near
        length = (f32(16) + f32(52) * near) * shower.unit
        way = start + shower.seconds * (f32(1.1) + f32(1.5) * near)
        turn = np.floor(way)
        across += turn * f32(0.618)  # falls somewhere else each time
        x = ((across - np.floor(across)) * f32(1.2) - f32(0.1)) * width
        y = (way - turn) * (height + length * f32(2)) - length
        shine = (f32(0.08) + f32(0.22) * near) * shower.strength * (f32(0.5) + vigour)
        thick = f32(0.55) + f32(0.8) * near * shower.unit
        for step in range(int(length)):
            row = int(y) + step
            if 0 <= row < height:
                share = f32(step) / length
                part = f32(4) * share * (f32(1) - share) * shine
                _dash(light, row, x - f32(step) * f32(0.10), thick, colour, part)


@inner
def _dash(light: Floats, row: int, x: Real, thick: Real, colour: Floats, shine: Real) -> None:
    first = max(0, int(np.floor(x - thick)))
    last = min(light.shape[2], int(np.floor(x + thick)) + 2)
    for column in range(first, last):
        part = shine * max(f32(0), f32(1) - abs(f32(column) - x) / (thick + f32(0.5)))
        for channel in range(3):
            light[channel, row, column] += colour[channel] * part


@kernel
def _rings(
    light: Floats, solid: Bytes, rings: Floats, colour: Floats, horizon: Real, seconds: Real
) -> None:
    height, width = solid.shape
    for ring in range(rings.shape[0]):
        across, away, rate, start = rings[ring]
        clock = seconds * (f32(1.1) + rate * f32(0.6)) + start
        turn = np.floor(clock)
        age = clock - turn
        across += turn * f32(0.618)
        away += turn * f32(0.382)
        x = (across - np.floor(across)) * width
        away -= np.floor(away)
        depth = (height - horizon) * (f32(0.04) + f32(0.96) * away * away)
        radius = (f32(0.015) + f32(0.11) * age) * depth + f32(0.6)
        shine = (f32(1) - age) * (f32(1) - age) * f32(0.26)
        _ring(light, solid, x, horizon + depth, radius, colour, shine)


@inner
def _ring(
    light: Floats, solid: Bytes, x: Real, y: Real, radius: Real, colour: Floats, shine: Real
) -> None:
    points = int(f32(6.5) * radius) + 8
    for point in range(points):
        angle = f32(point) * f32(6.2832) / f32(points)
        column = int(x + radius * np.cos(angle))
        row = int(y + radius * f32(0.28) * np.sin(angle))
        if 0 <= column < light.shape[2] and 0 <= row < light.shape[1] and solid[row, column] == 0:
            for channel in range(3):
                light[channel, row, column] += colour[channel] * shine
