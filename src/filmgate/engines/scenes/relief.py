"""The shape of the land: heights on a grid that is as fine far away as it is near.

Rows of the grid are depths in geometric steps, columns are directions from where the camera starts, so one
cell is about one pixel wherever it lies.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from filmgate.engines.scenes.brief import Brief, Land
from filmgate.engines.scenes.camera import Lens
from filmgate.engines.scenes.kernel import Floats, Real, inner, kernel, ramp, unit
from filmgate.engines.scenes.noise import lattice, pick, ridged, rolling
from filmgate.engines.scenes.setting import Setting

FARTHEST = 5200.0
_STEP = 1.005


class Grid(NamedTuple):
    """Depth of each row, and the direction (x over y) of the first column and between columns."""

    depths: Floats
    first: float
    spacing: float
    columns: int


class Plan(NamedTuple):
    """What kind of land to raise; all lengths in metres.

    Mountains and hills begin at one depth and have their full height at another. `outlook` is how far the
    land falls away in front of us.
    """

    mountains: float = 0.0
    mountains_wide: float = 1300.0
    mountains_from: float = 400.0
    mountains_to: float = 2000.0
    hills: float = 0.0
    hills_wide: float = 300.0
    hills_from: float = 20.0
    hills_to: float = 320.0
    base: float = 9.0
    shore: float = 0.0
    woods: float = 0.0
    dunes: float = 0.0
    outlook: float = 0.0


@dataclass(frozen=True, slots=True)
class Relief:
    """Heights over the water, and how leafy each cell is (0 where no tree stands)."""

    heights: Floats
    leaves: Floats


def grid_for(lens: Lens, *, eye: float) -> Grid:
    """From the lower edge of the picture to the horizon, and wide enough for any move of the camera."""
    nearest = max(2.0, 0.7 * eye * lens.focal / (lens.height - lens.horizon))
    rows = math.ceil(math.log(FARTHEST / nearest) / math.log(_STEP))
    half = lens.half_view * 1.5 + 0.08
    columns = int(2 * half * lens.focal / 1.15)
    depths = (nearest * _STEP ** np.arange(rows)).astype(np.float32)
    return Grid(depths, -half, 2 * half / (columns - 1), columns)


def plan_of(brief: Brief) -> Plan:
    plan = _PLANS[brief.land]
    if brief.has_water:
        return plan._replace(shore=plan.shore or 480.0, outlook=0.0)
    return plan._replace(shore=0.0)


def raise_land(setting: Setting, grid: Grid) -> Relief:
    heights = np.empty((len(grid.depths), grid.columns), np.float32)
    leaves = np.zeros_like(heights)
    rng = setting.rng("land")
    origin = rng.uniform(0, 9000, 2)
    place = _Place(float(origin[0]), float(origin[1]), setting.sun.across)
    plan = Plan(*map(float, plan_of(setting.brief)))  # one type for all plans: compiled once
    _raise(heights, leaves, lattice(rng), grid, plan, place)
    if not setting.brief.has_water:
        heights -= heights.min() - 1  # dry to its deepest hollow
    return Relief(heights, leaves)


_PLANS = {
    Land.MOUNTAINS: Plan(mountains=600, mountains_from=400, mountains_to=2000, hills=60, woods=0.7),
    Land.HILLS: Plan(
        mountains=300, mountains_from=900, mountains_to=2800,
        hills=60, hills_wide=260, hills_from=10, hills_to=260, base=8, woods=0.22, outlook=55,
    ),
    Land.FOREST: Plan(
        mountains=460, mountains_wide=1400, mountains_from=500, mountains_to=2100,
        hills=55, hills_wide=240, hills_to=200, woods=1.0, outlook=25,
    ),
    Land.DESERT: Plan(hills=22, hills_wide=700, hills_from=200.0, hills_to=900.0, base=6, dunes=26, outlook=30),
    Land.SEA: Plan(
        mountains=420, mountains_wide=1500, mountains_from=1300, mountains_to=2600,
        hills=30, hills_wide=500, hills_from=900, hills_to=1800, base=-75, shore=1100, woods=0.4,
    ),
}  # fmt: skip


class _Place(NamedTuple):
    """Which part of the endless noise we see, and where the sun stands in it."""

    x: float
    y: float
    sun_across: float


@kernel
def _raise(
    heights: Floats, leaves: Floats, points: Floats, grid: Grid, plan: Plan, place: _Place
) -> None:
    rows, columns = heights.shape
    for row in range(rows):
        y = grid.depths[row]
        finest = max(y * grid.spacing * 1.5, y * 0.0042)
        for column in range(columns):
            direction = grid.first + column * grid.spacing
            x = direction * y
            u, v = x + place.x, y + place.y
            height = _floor(points, plan, x, y, place)
            height += _hills(points, plan, u, v, y)
            if plan.mountains > 0 and y > plan.mountains_from:
                height += _mountains(points, plan, u, v, y, finest) * _notch(direction, place)
            tree = _tree(points, plan, u, v, y, height)
            leaves[row, column] = max(0.0, tree)
            heights[row, column] = height + _tree_height(tree, y)


@inner
def _floor(points: Floats, plan: Plan, x: Real, y: Real, place: _Place) -> Real:
    """The lake's bed, its bank, and the plain behind; the bank opens towards the sun."""
    fall = plan.outlook * ramp(y, 0.0, 600.0)
    if plan.shore == 0:
        return plan.base - fall
    bank = rolling(points, (x + place.x) / 240, (y + place.y) / 240, 3)
    edge = plan.shore * (1 + 1.1 * bank) - abs(x - place.sun_across * y * 0.6) * 0.35
    return -12 + (plan.base + 12) * ramp(y, edge * 0.75, edge * 1.5) - fall


@inner
def _hills(points: Floats, plan: Plan, u: Real, v: Real, y: Real) -> Real:
    swell = rolling(points, u / plan.hills_wide, v / plan.hills_wide, 5) + 0.25
    height = plan.hills * swell * ramp(y, plan.hills_from, plan.hills_to)
    if plan.dunes > 0:
        height += plan.dunes * _dune(points, u, v) * ramp(y, 30.0, 260.0)
    return height


@inner
def _mountains(points: Floats, plan: Plan, u: Real, v: Real, y: Real, finest: Real) -> Real:
    bend = rolling(points, u / 700 + 9, v / 700, 2) * 0.22
    wide = plan.mountains_wide
    form = ridged(points, u / wide + bend, v / wide - bend, finest / wide)
    rise = ramp(y, plan.mountains_from, plan.mountains_to)
    return plan.mountains * rise * (form * 1.35 - 0.28)


@inner
def _notch(direction: Real, place: _Place) -> Real:
    """A saddle below the sun, so that the mountains do not hide it."""
    aside = direction - place.sun_across
    return 1 - 0.5 / (1 + aside * aside * 60)


@inner
def _dune(points: Floats, u: Real, v: Real) -> Real:
    """Waves of sand, oblique to the view: a gentle windward side, a crest, a steep lee. 0 to 1."""
    along = 0.80 * v + 0.60 * u
    bend = rolling(points, u / 260, v / 260, 2)
    phase = along / 95 + bend * 1.7
    share = phase - np.floor(phase)
    rise = ramp(share, 0.0, 0.74) if share < 0.74 else 1 - ramp(share, 0.66, 1.0)
    size = 0.25 + 0.75 * unit(rolling(points, u / 330 + 50, v / 330, 2) * 1.6 + 0.5)
    ripple = rolling(points, u / 34, v / 34, 2) * 0.03
    return rise * size + ripple


@inner
def _tree(points: Floats, plan: Plan, u: Real, v: Real, y: Real, height: Real) -> Real:
    """How much of a tree stands here: 1 at its top, 0 or less between trees."""
    if plan.woods == 0 or height < 1.0 or y > 1500 or y < 110:
        return -1.0
    patch = rolling(points, u / 190 + 70, v / 190, 3)
    wood = min(1.0, max(0.0, (patch + plan.woods * 1.5 - 0.75) * 3))
    wood *= ramp(height, 1.0, 4.0) * (1 - ramp(height, 130.0, 200.0)) * ramp(y, 110.0, 230.0)
    if wood < 0.05:
        return -1.0
    return _conifer(points, u, v, wood) + rolling(points, u * 0.9, v * 0.9, 2) * 0.16


@inner
def _conifer(points: Floats, u: Real, v: Real, wood: Real) -> Real:
    """Trees stand about five metres apart, fewer where the wood is thin; the tallest here wins."""
    apart, best = 5.2, -1.0
    column, row = np.floor(u / apart), np.floor(v / apart)
    for step in range(9):
        i, j = column + step % 3 - 1, row + step // 3 - 1
        if abs(pick(points, i + 211, j + 37)) > wood:
            continue
        aside, girth = pick(points, i, j), pick(points, i + 57, j + 131)
        dx = u - (i + 0.5 + 0.42 * aside) * apart
        dy = v - (j + 0.5 + 0.42 * girth) * apart
        away = np.sqrt(dx * dx + dy * dy) / (apart * (0.40 + 0.10 * girth))
        best = max(best, (0.72 + 0.28 * aside * girth) * (1 - away))
    return best


@inner
def _tree_height(tree: Real, y: Real) -> Real:
    """In metres. Far away, where a tree is thinner than a row of the grid, only the canopy's swell remains."""
    return max(0.0, tree) * 16 * (1 - 0.75 * ramp(y, 500.0, 1100.0))
