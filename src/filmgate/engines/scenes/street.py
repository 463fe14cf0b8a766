"""A street by night, out of focus: blurred houses and signs, and every lamp a disc of light."""

import random

import cv2
import numpy as np

from filmgate.engines.scenes.brief import Light
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import SKY_SCALE, Canvas
from filmgate.engines.scenes.kernel import Floats, Real, f32, inner, kernel, unit
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.setting import Setting

_NEON = ("ff3b6b", "2ee6d6", "ffb24a", "7a5cff", "ff6a2e", "3aa0ff", "ffe0a0")
_WALLS = ("101820", "16141c", "0e1a22", "1a1614")
_MARGIN = 1.4
"""How much wider than the picture the houses are painted, for the camera's moves."""


class Street:
    """Fills the whole canvas; the wet ground in front is the water's."""

    def __init__(self, setting: Setting) -> None:
        self._houses = _houses(setting)
        self._lamps = _lamps(setting)

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        lens, view, sky = canvas.lens, moment.view, canvas.sky
        zoom = view.focal / lens.focal * (1 + 0.25 * view.closer)
        rows, columns = sky.shape[1:]
        centre = (view.centre - view.slide * lens.width * 0.04) / SKY_SCALE
        horizon = view.horizon / SKY_SCALE
        middle = self._houses.shape[2] / 2
        down = horizon - lens.horizon / SKY_SCALE * zoom
        move = np.array([[zoom, 0, centre - middle * zoom], [0, zoom, down]], np.float32)
        for plane, target in zip(self._houses, sky, strict=True):
            cv2.warpAffine(
                plane, move, (columns, rows), dst=target, borderMode=cv2.BORDER_REPLICATE
            )
        numbers = (moment.seconds, centre, horizon, zoom * lens.unit, view.slide)
        _shine(sky, self._lamps, np.array(numbers, np.float32))
        for plane, target in zip(sky, canvas.light, strict=True):
            cv2.resize(plane, (lens.width, lens.height), dst=target, interpolation=cv2.INTER_LINEAR)


def _houses(setting: Setting) -> Floats:
    """Both sides run to the vanishing point; then the whole is put out of focus."""
    lens, dice = setting.lens, setting.dice("street")
    bright = {Light.NIGHT: 1.0, Light.DUSK: 1.8, Light.OVERCAST: 2.6}.get(setting.brief.light, 3.2)
    view = lens.width / SKY_SCALE
    rows, columns = -(-lens.height // SKY_SCALE), int(view * _MARGIN)
    horizon = int(lens.horizon / SKY_SCALE)
    up = np.linspace(1, 0, horizon, dtype=np.float32)[:, None]
    sky = linear("0c1a2c", 1.3 * bright) * up**0.7 + linear("3f5f6e", 0.8 * bright) * (1 - up) ** 2
    picture = np.zeros((rows, columns, 3), np.float32)
    picture[:horizon] = sky[:, None]
    for step in range(14):
        near, side = (step // 2) / 6, (-1, 1)[step % 2]
        edge = int(columns / 2 + side * (0.46 - 0.36 * (1 - near) ** 0.8) * view * 0.9)
        top = max(0, horizon - int(horizon * (0.28 + 0.62 * near) * dice.uniform(0.75, 1.2)))
        wall = linear(dice.choice(_WALLS), (1.6 - 0.8 * near) * bright)
        house = picture[top:horizon, :edge] if side < 0 else picture[top:horizon, edge:]
        house[:] = house * 0.12 + wall
        signs = _Signs(edge=edge, side=side, top=top, bottom=horizon)
        signs.paint(picture, scale=lens.unit * (0.45 + near), dice=dice)
    picture[horizon:] = picture[horizon - 1 : horizon] * 0.5
    blurred = cv2.GaussianBlur(picture, (0, 0), 5.0 * lens.unit)
    return np.ascontiguousarray(np.moveaxis(blurred, 2, 0))


class _Signs:
    """Windows and neon on one house, close to its edge."""

    def __init__(self, *, edge: int, side: int, top: int, bottom: int) -> None:
        self._edge, self._side, self._top, self._bottom = edge, side, top, bottom

    def paint(self, picture: Floats, *, scale: float, dice: random.Random) -> None:
        for _ in range(9):
            broad = max(2, int(dice.uniform(3, 10) * scale))
            tall = max(2, int(dice.uniform(4, 16) * scale))
            x = self._edge + self._side * int(dice.uniform(1, 34) * scale) - broad // 2
            high = dice.random() ** 1.6 * (self._bottom - self._top) * 0.9
            y = max(0, int(self._bottom - high) - tall)
            picture[y : y + tall, max(0, x) : max(0, x + broad)] += _lamp_colour(dice)


def _lamp_colour(dice: random.Random) -> Floats:
    if dice.random() < 0.55:
        return linear("ffb765", dice.uniform(0.5, 1.5))
    return linear(dice.choice(_NEON), dice.uniform(0.6, 2.0))


def _lamps(setting: Setting) -> Floats:
    """Rows of: x from the middle, y over the horizon, radius, RGB, phase, nearness; in small-sky pixels."""
    lens, dice = setting.lens, setting.dice("lamps")
    view = lens.width / SKY_SCALE / lens.unit
    lamps = []
    for _ in range(60):
        near = dice.random() ** 1.5
        aside = (0.08 + 0.55 * near) * view * dice.choice((-1, 1)) * dice.uniform(0.5, 1.0)
        radius = (2.2 + 8.5 * near) * dice.uniform(0.7, 1.2)
        high = radius * 0.9 + dice.random() ** 1.8 * (10 + 64 * near)
        colour = _lamp_colour(dice) * (1.9 / (1 + radius * 0.30))
        lamps.append([aside, high, radius, *colour, dice.uniform(0, 6.28), near])
    return np.array(lamps, np.float32)


@kernel
def _shine(sky: Floats, lamps: Floats, now: Floats) -> None:
    seconds, centre, horizon, scale, slide = now
    for lamp in range(lamps.shape[0]):
        aside, high, radius, _red, _green, _blue, phase, near = lamps[lamp]
        x = centre + aside * scale - slide * (f32(4) + f32(26) * near)
        breath = f32(0.85) + f32(0.15) * np.sin(seconds * (f32(0.8) + near) + phase)
        _disc(sky, x, horizon - high * scale, radius * scale, lamps[lamp, 3:6], breath)


@inner
def _disc(sky: Floats, x: Real, y: Real, radius: Real, colour: Floats, shine: Real) -> None:
    """Brighter towards its rim, as a lens draws it."""
    rows, columns = sky.shape[1:]
    for row in range(max(0, int(y - radius - 1)), min(rows, int(y + radius + 2))):
        for column in range(max(0, int(x - radius - 1)), min(columns, int(x + radius + 2))):
            dx, dy = f32(column) - x, f32(row) - y
            away = np.sqrt(dx * dx + dy * dy)
            part = unit(radius - away + f32(0.5)) * shine
            part *= f32(0.72) + f32(0.28) * (away / radius) * (away / radius)
            for channel in range(3):
                sky[channel, row, column] += colour[channel] * part
