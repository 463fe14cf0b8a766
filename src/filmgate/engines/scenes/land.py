"""Drawing the land: every column of the picture walks over the grid from near to far.

A column's `top` is the lowest pixel row that nothing covers yet, with its fraction: a ridge covers part of
its uppermost pixel, and whatever stands behind it gets the rest.
"""

from typing import NamedTuple

import numpy as np

from filmgate.engines.scenes.camera import Footing, Moment
from filmgate.engines.scenes.canvas import LAND, Canvas
from filmgate.engines.scenes.ground import paint_land
from filmgate.engines.scenes.kernel import Bytes, Floats, Real, clamp, f32, inner, kernel, u32
from filmgate.engines.scenes.relief import Grid, grid_for, raise_land
from filmgate.engines.scenes.setting import Setting

_LAKE_STRIDE = 26.0


class Terrain:
    def __init__(self, setting: Setting, *, eye: float) -> None:
        self._grid = grid_for(setting.lens, eye=eye)
        relief = raise_land(setting, self._grid)
        ground = 0.0 if setting.brief.has_water else float(np.quantile(relief.heights[:120], 0.7))
        stride = _LAKE_STRIDE if setting.brief.has_water else eye
        self.footing = Footing(eye=eye, ground=ground, stride=stride)
        self._heights = relief.heights
        self._highest = relief.heights.max(axis=1)
        self._colours = paint_land(setting, relief, self._grid, ground=ground)

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        view = moment.view
        numbers = (view.x, view.y, view.eye, view.focal, view.centre, view.horizon)
        land = _Land(self._heights, self._highest, self._colours, self._grid)
        _draw(canvas.light, canvas.solid, land, _Pose(*map(f32, numbers)))


class _Land(NamedTuple):
    heights: Floats
    highest: Floats
    colours: Floats
    grid: Grid


class _Pose(NamedTuple):
    x: Real
    y: Real
    eye: Real
    focal: Real
    centre: Real
    horizon: Real


class _Line(NamedTuple):
    """One row of the grid as the camera sees it.

    A height falls on the pixel row `base - height * scale`; the pixel column x lies over the grid's column
    `start + x * step`.
    """

    base: Real
    scale: Real
    start: Real
    step: Real


class _Span(NamedTuple):
    """The stretch of land between two rows of the grid, in one column of the picture.

    It reaches from `lower` to `upper`; `left` and `right` are the grid's columns at its ends.
    """

    x: int
    row: int
    lower: Real
    upper: Real
    left: Real
    right: Real


@kernel
def _draw(light: Floats, solid: Bytes, land: _Land, pose: _Pose) -> None:
    width = solid.shape[1]
    top, before = np.empty(width, np.float32), np.empty(width, np.float32)
    height, edge = np.empty(width, np.float32), np.zeros((3, width), np.float32)
    for x in range(width):
        top[x] = f32(solid.shape[0])
    lowest = f32(solid.shape[0])
    is_after_gap = True
    last = _line(land.grid, pose, 0)
    for row in range(land.heights.shape[0]):
        if land.grid.depths[row] - pose.y < 1:
            continue
        line = _line(land.grid, pose, row)
        if line.base - clamp(land.highest[row], f32(0), f32(1e6)) * line.scale >= lowest:
            is_after_gap = True  # hidden in every column behind what is drawn already
            continue
        if land.highest[row] <= 0:
            lowest = _flood(top, np.ceil(line.base))
            is_after_gap = True
            continue
        _measure(height, land.heights[row], line)
        if is_after_gap:
            last = line
            _project(before, height, line)
        _cover(light, solid, land.colours, top, before, height, edge, (row, line, last))
        last = line
        is_after_gap = False
        if row % 16 == 0:
            lowest = _flood(top, f32(solid.shape[0]))
    _finish(light, solid, top, edge)


@inner
def _line(grid: Grid, pose: _Pose, row: int) -> _Line:
    y = grid.depths[row]
    ahead = clamp(y - pose.y, f32(1), f32(1e6))
    scale = pose.focal / ahead
    spacing, first = f32(grid.spacing), f32(grid.first)
    step = ahead / (pose.focal * y * spacing)
    start = (pose.x / y - first) / spacing - pose.centre * step
    return _Line(pose.horizon + pose.eye * scale, scale, start, step)


@inner
def _place(line: _Line, x: int, last: Real) -> Real:
    return clamp(line.start + line.step * f32(x), f32(0), last)


@inner
def _measure(height: Floats, heights: Floats, line: _Line) -> None:
    """The land's height below each column of the picture."""
    last = f32(heights.shape[0] - 2)
    for x in range(height.shape[0]):
        place = _place(line, x, last)
        left = np.floor(place)
        at = u32(left)
        height[x] = heights[at] + (heights[at + u32(1)] - heights[at]) * (place - left)


@inner
def _project(points: Floats, height: Floats, line: _Line) -> None:
    for x in range(points.shape[0]):
        points[x] = line.base - height[x] * line.scale


@inner
def _flood(top: Floats, level: Real) -> Real:
    """Leave everything up to this pixel row to the water; the lowest `top` is returned."""
    lowest = f32(0)
    for x in range(top.shape[0]):
        top[x] = min(top[x], level)
        lowest = max(lowest, top[x])
    return lowest


@inner
def _cover(
    light: Floats, solid: Bytes, colours: Floats, top: Floats, before: Floats, height: Floats, edge: Floats,
    where: tuple[int, _Line, _Line],
) -> None:  # fmt: skip
    """Draw what one row of the grid adds to the picture."""
    row, line, last = where
    end = f32(colours.shape[1] - 2)
    for x in range(top.shape[0]):
        ground = height[x] if height[x] > 0 else f32(0)
        point = line.base - ground * line.scale
        if point < top[x]:
            if ground == 0:
                top[x] = np.ceil(point)  # water: left for the water to draw
            else:
                upper = point if point > 0 else f32(0)
                span = _Span(x, row, before[x], upper, _place(last, x, end), _place(line, x, end))
                _fill(light, solid, colours, edge, top[x], span)
                top[x] = upper
        before[x] = point


@inner
def _fill(
    light: Floats, solid: Bytes, colours: Floats, edge: Floats, end: Real, span: _Span
) -> None:
    """Cover the pixels from `end` up to the span's upper end."""
    x, near, far = span.x, u32(max(span.row - 1, 0)), u32(span.row)
    tall = clamp(span.lower - span.upper, f32(1e-3), f32(1e6))
    pixel = np.ceil(end) - f32(1)
    while pixel + f32(1) > span.upper and pixel >= 0:
        above = clamp(pixel, span.upper, f32(1e6))
        part = clamp(end - above, f32(0), pixel + f32(1) - above)
        share = clamp((span.lower - above - part * f32(0.5)) / tall, f32(0), f32(1))
        place = span.left + (span.right - span.left) * share
        left = np.floor(place)
        across = place - left
        at, y = u32(left), u32(pixel)
        after = at + u32(1)
        solid[y, x] = LAND
        keep = f32(1) if pixel + f32(1) > end else f32(0)
        for channel in range(3):
            front = colours[near, at, channel]
            front += (colours[near, after, channel] - front) * across
            back = colours[far, at, channel]
            back += (colours[far, after, channel] - back) * across
            colour = front + (back - front) * share
            if part < 1:
                colour = colour * part + edge[channel, x] * keep
                edge[channel, x] = colour
            if above <= pixel:
                light[channel, y, x] = colour
        pixel -= f32(1)


@inner
def _finish(light: Floats, solid: Bytes, top: Floats, edge: Floats) -> None:
    """Let the sky shine through where a ridge covers only part of its uppermost pixel."""
    for x in range(top.shape[0]):
        y = int(top[x])
        uncovered = top[x] - np.floor(top[x])
        if y < solid.shape[0] and uncovered > 0 and solid[y, x] == LAND:
            for channel in range(3):
                light[channel, y, x] = edge[channel, x] + light[channel, y, x] * uncovered
