"""Painting one row of a skyline: towers with crowns and masts, windows, and the promenade at their feet."""

import math
import random
from dataclasses import dataclass

import numpy as np

from filmgate.engines.scenes.brief import Light
from filmgate.engines.scenes.kernel import Floats
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.setting import Setting

_STONES = ("8a8f98", "9a8f88", "70808e", "a09a92", "6a7078", "5f6f80")
_LIT_WINDOWS = {Light.NIGHT: 0.30, Light.DUSK: 0.26, Light.OVERCAST: 0.10, Light.SUNSET: 0.08}
_LOW_SUN = (Light.SUNSET, Light.DAWN, Light.DUSK)


def paint_row(setting: Setting, *, depth: float) -> Floats:
    """Premultiplied red, green, blue and alpha, colours last; the bottom stands on the water."""
    lens, brief = setting.lens, setting.brief
    dice = setting.dice(f"row {depth}")
    height, width = int(lens.horizon * 0.95), int(lens.width * 1.5)
    row = _Row(setting, np.zeros((height, width, 4), np.float32), lens.focal / depth, dice)
    x = -20.0
    while x < width:
        broad = dice.uniform(16, 44)
        row.build(x=int(x), broad=broad, tall=_height(x / width - 0.5, dice))
        x += broad * row.scale * dice.uniform(0.8, 1.3)
    row.lay_promenade()
    far = 1 - np.exp(-depth / (5200 if brief.light in _LOW_SUN else 3000))
    _add_haze(row.pixels, setting, thick=float(far))
    return row.pixels


def _height(aside: float, dice: random.Random) -> float:
    """In metres: the tallest towers stand in the middle."""
    centre = max(0.12, 1 - math.pow(2.6 * abs(aside), 1.5))
    return dice.uniform(24, 80) + math.pow(dice.random(), 2.5) * 270 * centre


@dataclass(slots=True)
class _Row:
    """`scale` is pixels a metre."""

    setting: Setting
    pixels: Floats
    scale: float
    dice: random.Random

    def build(self, *, x: int, broad: float, tall: float) -> None:
        bottom, dice = self.pixels.shape[0], self.dice
        left, right = max(0, x), min(self.pixels.shape[1], x + max(6, int(broad * self.scale)))
        top = max(3, bottom - int(tall * self.scale))
        if right - left < 4:
            return
        shaded, lit = self._walls()
        share = 0.32 if self.setting.sun.side < 0 else 0.68
        corner = left + int((right - left) * share)
        sides = (lit, shaded) if self.setting.sun.side < 0 else (shaded, lit)
        self._fill(top, bottom, left, corner, sides[0])
        self._fill(top, bottom, corner, right, sides[1])
        if dice.random() < 0.4:
            self._crown(top, left, right, shaded)
        self._light_windows(top, left, right)

    def lay_promenade(self) -> None:
        """A dark quay with a lamp every forty metres, so that no tower rises straight out of the water."""
        bottom, width = self.pixels.shape[:2]
        palette, step = self.setting.palette, max(6, int(40 * self.scale))
        quay = max(2, int(7 * self.scale))
        self._fill(bottom - quay, bottom, 0, width, linear("2a2c30", 0.3) * palette.ambient)
        if self.setting.brief.light in _LIT_WINDOWS:
            for x in range(step // 2, width - 2, step):
                lamp = self.pixels[bottom - quay - 1 : bottom - quay + 1, x : x + 2]
                lamp[:] = (*linear("ffc87a", 1.6), 1.0)

    def _walls(self) -> tuple[Floats, Floats]:
        """The colours of the side in the shade and of the side in the sun."""
        palette = self.setting.palette
        strength = 0.28 if self.setting.brief.light in _LOW_SUN else 0.5
        stone = linear(self.dice.choice(_STONES), strength * self.dice.uniform(0.7, 1.2))
        return stone * (palette.ambient * 0.8), stone * (palette.ambient + palette.sun * 0.5)

    def _fill(self, top: int, bottom: int, left: int, right: int, colour: Floats) -> None:
        self.pixels[top:bottom, left:right] = (*colour, 1.0)

    def _crown(self, top: int, left: int, right: int, colour: Floats) -> None:
        dice = self.dice
        inset = max(2, int((right - left) * dice.uniform(0.12, 0.3)))
        upper = max(2, top - int(dice.uniform(5, 18) * self.scale))
        self._fill(upper, top, left + inset, right - inset, colour)
        if dice.random() < 0.5:
            mast, thick = (left + right) // 2, 1 + int(self.scale * 0.8)
            tip = max(0, upper - int(dice.uniform(15, 45) * self.scale))
            self._fill(tip, upper, mast, mast + thick, colour)

    def _light_windows(self, top: int, left: int, right: int) -> None:
        """Dark glass everywhere, and behind some of it a lamp."""
        rng = np.random.default_rng(self.dice.getrandbits(32))
        down, across = max(3, round(4.0 * self.scale)), max(3, round(3.4 * self.scale))
        tall, wide = max(1, round(down * 0.55)), max(1, round(across * 0.6))
        lit = _LIT_WINDOWS.get(self.setting.brief.light, 0.03) * rng.uniform(0.15, 1.6)
        glass = self.setting.palette.middle * np.float32(0.12)
        warm, cool = linear("ffc46b", 1.4), linear("cfe4ff", 1.1)
        for y in range(top + down, self.pixels.shape[0] - down, down):
            is_late = rng.random() < 0.08  # a whole floor still at work
            for x in range(left + 2, right - 2, across):
                cell = self.pixels[y : y + tall, x : min(right - 1, x + wide), :3]
                if rng.random() < (0.7 if is_late else lit):
                    cell[:] = (warm if rng.random() < 0.75 else cool) * rng.uniform(0.3, 1.2)
                else:
                    cell[:] = cell * 0.5 + glass


def _add_haze(pixels: Floats, setting: Setting, *, thick: float) -> None:
    """More of it lower down. Lamps shine through."""
    palette = setting.palette
    air = palette.fog + palette.glow * np.float32(0.12)
    low = np.linspace(0, 1, pixels.shape[0], dtype=np.float32)[:, None, None] ** 4
    share = np.minimum(0.9, thick * (0.62 + 0.3 * low))
    is_lamp = pixels[..., :3].max(axis=2, keepdims=True) > 0.3
    share = np.where(is_lamp, share * 0.3, share)
    pixels[..., :3] += (air - pixels[..., :3]) * share * pixels[..., 3:]
