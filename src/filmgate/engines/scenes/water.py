"""Water: what stands above it, mirrored and shaken by waves, and the sun's glitter."""

from typing import NamedTuple

import cv2
import numpy as np

from filmgate.engines.scenes.brief import Land, Light
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import LAND, SUBJECT, Canvas
from filmgate.engines.scenes.kernel import (
    Bytes,
    Floats,
    Real,
    clamp,
    f32,
    floats,
    inner,
    kernel,
    u32,
    unit,
)
from filmgate.engines.scenes.noise import fractal_tile, sample
from filmgate.engines.scenes.setting import Setting


class Water:
    """Fills every pixel below the horizon on which nothing stands. A street's wet ground is water too."""

    def __init__(self, setting: Setting) -> None:
        brief, palette = setting.brief, setting.palette
        is_street = brief.land is Land.STREET
        glitter = 0.9 if brief.light in (Light.SUNSET, Light.DAWN) else 0.45
        self._sun = setting.sun
        self._roughness = {Land.SEA: 0.8, Land.STREET: 0.9}.get(brief.land, 0.45)
        self._smear = int(26 * setting.lens.unit) | 1 if is_street else 0
        self._waves = fractal_tile(setting.rng("waves"), slope=1.2, coarsest=64) - f32(0.5)
        self._tints = np.stack([palette.water, palette.sun * f32(0.0 if is_street else glitter)])

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        view = moment.view
        numbers = (
            view.horizon,
            view.centre,
            view.eye,
            view.x,
            view.y,
            moment.seconds,
            self._roughness,
            canvas.lens.unit,
            self._sun.place(view)[0],
        )
        _draw(
            canvas.light,
            canvas.solid,
            canvas.feet,
            self._waves,
            self._mirror(canvas),
            self._tints,
            _Look(*map(f32, numbers)),
        )

    def _mirror(self, canvas: Canvas) -> Floats:
        """Pixels of the picture so far at half its size. On a street the ground's grain blurs it upwards."""
        half = (canvas.lens.width // 2, canvas.lens.height // 2)
        planes = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in canvas.light]
        if self._smear:
            planes = [cv2.blur(plane, (3, self._smear)) for plane in planes]
        return floats(
            cv2.merge(planes)
        )  # side by side in memory: each is looked up where a wave throws us


class _Look(NamedTuple):
    horizon: Real
    centre: Real
    eye: Real
    x: Real
    y: Real
    seconds: Real
    roughness: Real
    unit: Real
    sun_x: Real


class _Row(NamedTuple):
    """What is the same for all of a row's pixels."""

    y: Real
    calm: Real
    fresnel: Real
    lift: Real
    path: Real
    sun_x: Real


@kernel
def _draw(
    light: Floats, solid: Bytes, feet: Floats, waves: Floats, mirror: Floats, tints: Floats, look: _Look
) -> None:  # fmt: skip
    height, width = solid.shape
    swell, chop = np.empty(width + 2, np.float32), np.empty(width + 2, np.float32)
    shore, far = np.empty(width, np.float32), np.empty(width, np.float32)
    near = np.zeros(width, np.float32)
    _find_far_bank(far, solid, max(0, int(look.horizon)))
    for y in range(max(0, int(look.horizon)), height):
        _find_shores(shore, near, far, solid, feet, y)
        _ripple(swell, chop, waves, f32(y) + f32(0.5) - look.horizon, look)
        row = _row(f32(y), f32(height), f32(width), look)
        _reflect(light, solid, mirror, tints, shore, swell, chop, row)


@inner
def _row(y: Real, height: Real, width: Real, look: _Look) -> _Row:
    below = y + f32(0.5) - look.horizon
    depth = below / (height - look.horizon)
    return _Row(
        y,
        unit(below / (f32(14) * look.unit)),
        f32(0.90) - f32(0.45) * depth,
        look.roughness * (f32(7) * look.unit + f32(0.40) * below),
        f32(1) / (width * (f32(0.03) + f32(0.14) * depth)),
        look.sun_x,
    )


@inner
def _find_far_bank(far: Floats, solid: Bytes, horizon: int) -> None:
    """The row at which the land that reaches the horizon ends in each column, without sudden steps.

    Where a spit in front hides the far bank, the bank goes on behind it.
    """
    for x in range(far.shape[0]):
        y = horizon
        while y < solid.shape[0] and solid[y, x] == LAND:
            y += 1
        far[x] = f32(y)
    for x in range(1, far.shape[0]):
        far[x] = min(far[x], far[x - 1] + f32(0.3))
    for x in range(far.shape[0] - 2, -1, -1):
        far[x] = min(far[x], far[x + 1] + f32(0.3))


@inner
def _find_shores(
    shore: Floats, near: Floats, far: Floats, solid: Bytes, feet: Floats, y: int
) -> None:
    """For each column the row at which what is mirrored there meets the water.

    `near` remembers the nearest bank from row to row. It stands before the far one in the mirror only as
    high as it stands in the world.
    """
    for x in range(shore.shape[0]):
        if solid[y, x] == LAND:
            near[x] = f32(y + 1)
            continue
        shore[x] = far[x]
        if _mirrors(solid, LAND, near[x], y, x, far[x]):
            shore[x] = near[x]
        if _mirrors(solid, SUBJECT, feet[x], y, x, f32(0)):
            shore[x] = feet[x]


@inner
def _mirrors(solid: Bytes, kind: int, shore: Real, y: int, x: int, above: Real) -> bool:
    """Whether this pixel mirrors such a thing, below the row `above`."""
    image = int(f32(2) * shore) - y
    is_there = above <= image < solid.shape[0]
    return is_there and bool(solid[image, x] == kind)


@inner
def _ripple(swell: Floats, chop: Floats, waves: Floats, below: Real, look: _Look) -> None:
    """The waves of one row, -0.5 to 0.5. They look the same at every distance, only smaller, as waves do."""
    far = below + f32(8) * look.unit
    scale = look.eye / far
    v = np.log(far) * f32(90)
    came = look.seconds * f32(5) + look.y * f32(0.9)
    broad_v, fine_v = v - came, v * f32(2.7) - came * f32(2.2)
    width = swell.shape[0] - 2
    for x in range(0, width + 1, 2):
        u = (look.x + (f32(x) - look.centre) * scale) * f32(7)
        fine = sample(waves, u * f32(2.9) - look.seconds * f32(2.4), fine_v)
        chop[x] = fine
        swell[x] = sample(waves, u + look.seconds * f32(1.5), broad_v) + fine * f32(0.6)
    for x in range(1, width, 2):
        chop[x] = (chop[x - 1] + chop[x + 1]) * f32(0.5)
        swell[x] = (swell[x - 1] + swell[x + 1]) * f32(0.5)


@inner
def _reflect(
    light: Floats, solid: Bytes, mirror: Floats, tints: Floats, shore: Floats, swell: Floats, chop: Floats,
    row: _Row,
) -> None:  # fmt: skip
    """One row of water: `tints` are its own colour and that of the sun's glitter."""
    last_row, last_column = f32(mirror.shape[0] - 2), f32(mirror.shape[1] - 2)
    y = u32(row.y)
    for x in range(solid.shape[1]):
        if solid[y, x] != 0:
            continue
        wave = swell[x] * row.calm
        shaken = (abs(wave) * f32(1.6) - wave * f32(0.5)) * row.lift
        up = clamp((f32(2) * shore[x] - row.y - shaken - f32(1)) * f32(0.5), f32(0), last_row)
        across = clamp((f32(x) + wave * row.lift * f32(0.4)) * f32(0.5), f32(0), last_column)
        share = clamp(row.fresnel - wave * f32(0.5), f32(0.12), f32(0.95))
        spark = _spark(wave + chop[x] * f32(0.5), (f32(x) - row.sun_x) * row.path)
        r0, c0 = u32(up), u32(across)
        down, right = up - f32(r0), across - f32(c0)
        r1, c1 = r0 + u32(1), c0 + u32(1)
        for channel in range(3):
            upper = mirror[r0, c0, channel] * (f32(1) - right) + mirror[r0, c1, channel] * right
            lower = mirror[r1, c0, channel] * (f32(1) - right) + mirror[r1, c1, channel] * right
            image = upper + (lower - upper) * down
            deep = tints[0, channel]
            light[channel, y, x] = deep + (image - deep) * share + tints[1, channel] * spark


@inner
def _spark(crest: Real, aside: Real) -> Real:
    """How much of the sun a wave's crest throws at us, so far aside from the sun's path."""
    bright = clamp(crest - f32(0.16), f32(0), f32(1)) * f32(4)
    away = aside * aside
    return bright * bright / (f32(1) + away + away * away)
