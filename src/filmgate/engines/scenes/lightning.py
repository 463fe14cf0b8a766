"""Lightning: when it strikes, and how the picture looks for that quarter of a second."""

import math
import random

import cv2
import numpy as np

from filmgate.engines.scenes.brief import Brief
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import Canvas
from filmgate.engines.scenes.kernel import Bytes, Floats, floats
from filmgate.engines.scenes.setting import Setting

_LASTS = 0.35


def strikes(brief: Brief, *, until: float) -> list[float]:
    """The seconds at which it has struck: two to four apart."""
    dice = random.Random(brief.chance ^ 0xB017)
    times, at = [], dice.uniform(0.6, 1.4)
    while at < until:
        times.append(at)
        at += dice.uniform(2.0, 4.0)
    return times


class Lightning:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        for number, at in enumerate(strikes(self._setting.brief, until=moment.seconds)):
            age = moment.seconds - at
            if age < _LASTS:
                self._flash(canvas, moment, number=number, age=age)

    def _flash(self, canvas: Canvas, moment: Moment, *, number: int, age: float) -> None:
        flicker = 0.6 + 0.4 * math.cos(age * 60)
        power = math.exp(-age / 0.12) * flicker
        horizon = int(moment.view.horizon)
        canvas.light[:, :horizon] *= 1 + 1.1 * power
        bolt = self._bolt(canvas, horizon, number=number)
        for plane, colour in zip(canvas.light, (2.6, 2.9, 3.6), strict=True):
            plane[:horizon] += bolt * np.float32(colour * power)

    def _bolt(self, canvas: Canvas, horizon: int, *, number: int) -> Floats:
        dice = self._setting.dice(f"bolt {number}")
        mask = np.zeros((horizon, canvas.lens.width), np.uint8)
        start = (dice.uniform(0.2, 0.8) * canvas.lens.width, 0.0)
        _draw_branch(mask, start, reach=float(horizon), width=canvas.lens.unit, dice=dice)
        halo = cv2.GaussianBlur(mask, (0, 0), 7 * canvas.lens.unit)
        return floats((mask + 1.5 * halo) / 255)


def _draw_branch(
    mask: Bytes, start: tuple[float, float], *, reach: float, width: float, dice: random.Random
) -> None:
    """A jagged line down to `reach`, from which thinner ones part."""
    x, y = start
    step = mask.shape[0] / 22
    drift = dice.uniform(-0.35, 0.35)
    while y < reach:
        after = (x + step * (drift + dice.gauss(0, 0.55)), y + step * dice.uniform(0.5, 1.1))
        thick = max(1, round(2.2 * width))
        cv2.line(mask, _sixteenths(x, y), _sixteenths(*after), 255, thick, cv2.LINE_AA, 4)
        x, y = after
        if width > 0.4 and dice.random() < 0.10:
            end = y + (reach - y) * dice.uniform(0.2, 0.6)
            _draw_branch(mask, (x, y), reach=end, width=width * 0.45, dice=dice)


def _sixteenths(x: float, y: float) -> tuple[int, int]:
    return round(x * 16), round(y * 16)
