"""Tiny films for test suites: a few ridges under a sky, drawn once and moved; everything else is cheap too."""

import math
import random
from functools import cache

import numpy as np

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.engines.scenes.brief import Brief
from filmgate.engines.scenes.camera import way_at
from filmgate.engines.scenes.kernel import Floats, floats
from filmgate.engines.scenes.palette import palette_of
from filmgate.engines.scenes.pictures import in_planes
from filmgate.media.encode import SAMPLE_RATE, Planes

SHORT_SIDE = 64
_TRAVEL = 24
"""How far the picture moves in the longest of films, in pixels."""

_PACE = _TRAVEL / 2 / 1.1


def tiny_size(width: int, height: int) -> Size:
    """The same shape with 64 pixels on its short side, both sides even."""
    scale = SHORT_SIDE / min(width, height)
    return Size(2 * round(width * scale / 2), 2 * round(height * scale / 2))


class TinyFilm:
    """A picture wider than the frame, of which each frame shows another part."""

    def __init__(self, brief: Brief, size: Size) -> None:
        self._size = size
        self._picture = in_planes(_picture(brief, size.width + _TRAVEL, size.height))

    def frame(self, number: int) -> Planes:
        # Chroma has half the resolution, so the picture moves by two pixels at a time.
        shift = int((way_at(number / FRAMES_PER_SECOND) - way_at(0)) * _PACE)
        y, u, v = self._picture
        half = self._size.width // 2
        return Planes(
            y[:, 2 * shift : 2 * shift + self._size.width],
            u[:, shift : shift + half],
            v[:, shift : shift + half],
        )


@cache
def tiny_sound(seconds: int, *, since: int) -> Floats:
    """A bell at the film's beginning and then nothing: silence costs the encoder least."""
    if since:
        return np.zeros((2, seconds * SAMPLE_RATE), np.float32)
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    bell = 0.3 * np.sin(2 * math.pi * 440 * time) * np.exp(-9 * time) * np.minimum(1, time * 200)
    sound = np.zeros((2, seconds * SAMPLE_RATE), np.float32)
    sound[:, : len(bell)] = bell * np.linspace(1, 0, len(bell))
    sound[1] *= 0.8
    return sound


def _picture(brief: Brief, width: int, height: int) -> Floats:
    """Rows of red, green and blue from 0 to 1, as they are displayed."""
    palette, dice = palette_of(brief.light), random.Random(brief.chance)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture = np.repeat(palette.zenith * (1 - down) + palette.horizon * down, width, axis=1)
    x, y = np.arange(width), np.arange(height)[:, None]
    sun_x, sun_y = dice.uniform(0.35, 0.65) * width, dice.uniform(0.2, 0.4) * height
    picture[np.hypot(x - sun_x, y - sun_y) < height * 0.07] = palette.sun
    for depth in (0.35, 0.65, 1.0):
        phase, wave = dice.uniform(0, 6), dice.uniform(0.06, 0.12)
        ridge = height * (0.42 + 0.4 * depth) + 0.09 * height * (
            np.sin(x * wave + phase) + 0.5 * np.sin(x * wave * 2.3 + 2 * phase)
        )
        picture[y > ridge] = palette.fog * (1.1 - depth) + palette.ambient * 0.1 * depth
    return floats(np.clip(picture, 0, 1) ** (1 / 2.2))
