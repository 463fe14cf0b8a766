"""The look of the land: rock, snow, grass, sand and leaves, lit once, with the haze before them."""

from typing import NamedTuple

import cv2
import numpy as np

from filmgate.engines.scenes.brief import Brief, Land, Light, Weather
from filmgate.engines.scenes.kernel import Floats, Real, floats, inner, kernel, unit
from filmgate.engines.scenes.noise import fractal_tile, sample
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.relief import Grid, Relief
from filmgate.engines.scenes.setting import Setting


def paint_land(setting: Setting, relief: Relief, grid: Grid, *, ground: float) -> Floats:
    """Linear RGB of each cell of the grid, colours last."""
    heights = relief.heights
    toward = _key_light(setting)
    shadow = np.empty_like(heights)
    _cast_shadows(heights, shadow, grid, toward)
    around = floats(cv2.GaussianBlur(heights, (0, 0), 9))
    tile = fractal_tile(setting.rng("rock"), slope=1.25)
    surface = _Surface(heights, around, relief.leaves, shadow, tile)
    colours = np.empty((*heights.shape, 3), np.float32)
    palette = setting.palette
    sky = _Sky(palette.sun, palette.ambient, palette.fog, palette.glow, toward, setting.sun.across)
    _paint(colours, surface, grid, _materials(setting.brief), sky, _climate(setting.brief, ground))
    return colours


class _Surface(NamedTuple):
    heights: Floats
    around: Floats
    leaves: Floats
    shadow: Floats
    tile: Floats


class _Materials(NamedTuple):
    rock: Floats
    low: Floats
    shore: Floats
    snow: Floats
    leaves: Floats
    other_leaves: Floats


class _Sky(NamedTuple):
    sun: Floats
    ambient: Floats
    fog: Floats
    glow: Floats
    toward: Floats
    sun_across: float


class _Climate(NamedTuple):
    """`haze` is how far one sees; `mist` lies that high in the hollows and is that thick."""

    haze: float
    mist_height: float
    mist: float
    snow_line: float
    snow_spread: float
    patchy: float
    rough: float


def _key_light(setting: Setting) -> Floats:
    """Where the land's light comes from: more from the side than the sun that is seen.

    Relief reads by its shadows, and a sun in the picture would only show us unlit slopes.
    """
    height = max(0.20, min(setting.sun.up, 0.6))
    toward = np.array([setting.sun.side, 0.35, height])
    return floats(toward / np.linalg.norm(toward))


def _materials(brief: Brief) -> _Materials:
    if brief.land is Land.DESERT:
        sand = linear("dca96c", 0.95)
        return _Materials(linear("c4905c", 0.9), sand, sand, sand, sand, sand)
    leaves, other = linear("24402c", 0.55), linear("30482a", 0.55)
    if brief.weather is Weather.LEAVES:
        leaves, other = linear("b8551c", 0.75), linear("d8a12c", 0.8)
    return _Materials(
        rock=linear("7a7068", 0.75),
        low=linear("6a7a3c", 0.8),
        shore=linear("b8a888", 0.75),
        snow=linear("f4f8ff", 0.95),
        leaves=leaves,
        other_leaves=other,
    )


def _climate(brief: Brief, ground: float) -> _Climate:
    is_sand = brief.land is Land.DESERT
    haze = {Light.DAY: 5500.0, Light.OVERCAST: 2400.0, Light.NIGHT: 2800.0}.get(brief.light, 2900.0)
    snow_line = ground + (230.0 if brief.land is Land.MOUNTAINS else 330.0)
    if brief.is_wintry:
        snow_line = -100.0  # down to the water
    elif is_sand:
        snow_line = 1e6
    return _Climate(
        haze=haze * (0.4 if brief.has_fog else 1.0),
        mist_height=90.0 if brief.has_fog else 45.0,
        mist=0.3 if brief.light is Light.DAY and not brief.has_fog else 0.7,
        snow_line=snow_line,
        snow_spread=abs(snow_line) * 0.25 + 8,
        patchy=0.1 if is_sand else 0.9,
        rough=0.14 if is_sand else 0.6,
    )


@kernel
def _cast_shadows(heights: Floats, shadow: Floats, grid: Grid, toward: Floats) -> None:
    """1 where the sun reaches. One sweep from far to near carries the height of the shadow's edge along."""
    rows, columns = heights.shape
    edge = np.full(columns, np.float32(-1e6))
    moved = np.empty(columns, np.float32)
    for step in range(rows):
        row = rows - 1 - step
        y = grid.depths[row]
        ahead = grid.depths[row + 1] - y if step > 0 else 0.0
        aside, fall = toward[0] / toward[1] * ahead, toward[2] / toward[1] * ahead
        for column in range(columns):
            x = (grid.first + column * grid.spacing) * y
            source = ((x + aside) / (y + ahead) - grid.first) / grid.spacing
            source = min(columns - 2.0, max(0.0, source))
            left = int(source)
            moved[column] = edge[left] + (edge[left + 1] - edge[left]) * (source - left) - fall
        blur = 1.5 + y * 0.012
        for column in range(columns):
            height = heights[row, column]
            shadow[row, column] = 1 - unit((moved[column] - height) / blur + 0.5)
            edge[column] = max(moved[column], height)


@kernel
def _paint(
    colours: Floats, land: _Surface, grid: Grid, materials: _Materials, sky: _Sky, climate: _Climate
) -> None:
    rows, columns = land.heights.shape
    for row in range(rows):
        y = grid.depths[row]
        for column in range(columns):
            direction = grid.first + column * grid.spacing
            slope_x, slope_y = _slopes(land.heights, grid, row, column)
            x = direction * y
            grain = _grain(land.tile, x, y + land.heights[row, column], y * grid.spacing)
            coarse = sample(land.tile, x * 0.05 + 100, y * 0.05) - 0.5
            leaves = land.leaves[row, column]
            albedo = _albedo(
                materials,
                climate,
                land.heights[row, column],
                slope_x,
                slope_y,
                grain,
                coarse,
                leaves,
            )
            key, fill = _light(land, sky, row, column, slope_x, slope_y, y)
            key = max(0.0, key + grain * climate.rough * 0.25) * land.shadow[row, column]
            thick = _haze(climate, y, land.heights[row, column])
            aside = direction - sky.sun_across
            toward_sun = 0.26 / (1 + aside * aside * 14)
            for channel in range(3):
                lit = albedo[channel] * (sky.sun[channel] * key + sky.ambient[channel] * fill)
                air = sky.fog[channel] + sky.glow[channel] * toward_sun
                colours[row, column, channel] = lit + (air - lit) * thick


@inner
def _slopes(heights: Floats, grid: Grid, row: int, column: int) -> tuple[Real, Real]:
    """How much the land rises to the right, and away from us."""
    rows, columns = heights.shape
    after, before = min(row + 1, rows - 1), max(row - 1, 0)
    right, left = min(column + 1, columns - 1), max(column - 1, 0)
    y = grid.depths[row]
    turn = (heights[row, right] - heights[row, left]) / ((right - left) * grid.spacing)
    away = (heights[after, column] - heights[before, column]) / (
        grid.depths[after] - grid.depths[before]
    )
    return turn / y, away - turn * (grid.first + column * grid.spacing) / y


@inner
def _grain(tile: Floats, x: Real, y: Real, cell: Real) -> Real:
    """Texture whose points are about as large as a cell, wherever the cell lies."""
    level = np.log2(cell * 1.6)
    fine = 2.0 ** -np.floor(level)
    share = level - np.floor(level)
    near = sample(tile, x * fine, y * fine)
    return near + (sample(tile, x * fine * 0.5, y * fine * 0.5) - near) * share - 0.5


@inner
def _albedo(
    materials: _Materials, climate: _Climate, height: Real, slope_x: Real, slope_y: Real,
    grain: Real, coarse: Real, leaves: Real,
) -> tuple[Real, Real, Real]:  # fmt: skip
    """What lies here: grass or sand below, rock where it is steep, snow above, leaves where trees stand."""
    steep = 1 - 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    line = climate.snow_line
    snow = unit((height - line * (1 + coarse * 0.9)) / climate.snow_spread)
    snow *= unit((0.42 - steep + grain * 0.25) * 6)
    bare = unit((steep - 0.16 + coarse * 0.12) * 7)
    beach = unit(1 - (height - 1.2 + coarse * 2) * 0.6)
    wooded = unit(leaves * 6) * (1 - snow * 0.6)
    other = unit(coarse * 5 + grain * 2 + 0.5)
    rough = 1 + grain * climate.rough * (1 - snow * 0.7)
    mixed = (0.0, 0.0, 0.0)
    for channel in range(3):
        value = materials.low[channel] * (1 + coarse * climate.patchy)
        value += (materials.rock[channel] - value) * bare
        value += (materials.shore[channel] - value) * beach
        value += (materials.snow[channel] - value) * snow
        leaf = materials.leaves[channel]
        leaf += (materials.other_leaves[channel] - leaf) * other
        value += (leaf * (0.5 + 0.9 * leaves) - value) * wooded
        mixed = (mixed[1], mixed[2], value * rough)
    return mixed


@inner
def _light(
    land: _Surface, sky: _Sky, row: int, column: int, slope_x: Real, slope_y: Real, y: Real
) -> tuple[Real, Real]:
    """How much of the sun and of the sky this slope faces."""
    length = np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    key = (sky.toward[2] - sky.toward[0] * slope_x - sky.toward[1] * slope_y) / length
    hollow = 1 + (land.heights[row, column] - land.around[row, column]) / (4 + y * 0.03)
    return key, min(1.0, max(0.35, hollow)) * (0.65 + 0.35 / length)


@inner
def _haze(climate: _Climate, y: Real, height: Real) -> Real:
    """How much of what we see is air."""
    clear = np.exp(-y / climate.haze)
    mist = np.exp(-max(0.0, height) / climate.mist_height) * (
        1 - np.exp(-y / (climate.haze * 0.35))
    )
    return 1 - clear * (1 - mist * climate.mist)
