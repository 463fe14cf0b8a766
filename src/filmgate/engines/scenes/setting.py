"""Setting: what all painters of a scene share."""

import random
import zlib
from dataclasses import dataclass

import numpy as np

from filmgate.engines.scenes.brief import Brief, Light
from filmgate.engines.scenes.camera import Lens, View, lens_for
from filmgate.engines.scenes.palette import Palette, palette_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """Where the light comes from, as tangents from the middle of the horizon. A `radius` of 0 hides the disc."""

    across: float
    up: float
    radius: float
    is_moon: bool

    @property
    def side(self) -> int:
        """-1 when it stands on the left, 1 on the right."""
        return 1 if self.across > 0 else -1

    def place(self, view: View) -> tuple[float, float]:
        """Its pixel."""
        return view.centre + self.across * view.focal, view.horizon - self.up * view.focal


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    brief: Brief
    lens: Lens
    palette: Palette
    sun: Sun

    def dice(self, purpose: str) -> random.Random:
        """Chance for one purpose, so that a change to one painter does not change the others' pictures."""
        return random.Random(self.brief.chance ^ zlib.crc32(purpose.encode()))

    def rng(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.brief.chance, zlib.crc32(purpose.encode())])


def setting_of(brief: Brief, *, width: int, height: int) -> Setting:
    dice = random.Random(brief.chance)
    lens = lens_for(width, height, brief)
    palette = palette_of(brief.light).tinted(dice)
    return Setting(
        brief=brief,
        lens=lens,
        palette=palette.dimmed(0.55) if brief.has_lightning else palette,
        sun=_sun(brief, lens, dice),
    )


def _sun(brief: Brief, lens: Lens, dice: random.Random) -> Sun:
    """Low suns and moons stand in the picture, a third from its edge; the sun of the day stays outside."""
    side = dice.choice((-1, 1))
    across, height = side * dice.uniform(0.22, 0.62) * lens.half_view, dice.random()
    match brief.light:
        case Light.DAY | Light.OVERCAST:
            outside = side * (lens.half_view + 0.35)
            return Sun(across=outside, up=lens.top + 0.25, radius=0.0, is_moon=False)
        case Light.NIGHT:
            radius = 0.034 if brief.has_moon else 0.0
            return Sun(
                across=across, up=lens.top * (0.55 + 0.17 * height), radius=radius, is_moon=True
            )
        case Light.DUSK:
            return Sun(across=across, up=-0.03, radius=0.0, is_moon=False)
        case _:
            return Sun(
                across=across, up=lens.top * (0.16 + 0.18 * height), radius=0.022, is_moon=False
            )
