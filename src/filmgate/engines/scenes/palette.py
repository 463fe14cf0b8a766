"""The colours of each light, in linear light: what the sky, the air and the sun look like."""

import random
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from filmgate.engines.scenes.brief import Light
from filmgate.engines.scenes.kernel import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours are linear RGB; 1 is white paper in full light. `sun` is whatever shines: it may be a moon."""

    zenith: Floats
    middle: Floats
    horizon: Floats
    glow: Floats
    sun: Floats
    cloud_light: Floats
    cloud_shade: Floats
    ambient: Floats
    fog: Floats
    water: Floats

    def tinted(self, dice: random.Random) -> Self:
        """A neighbour of this palette, a little warmer or cooler: no two evenings are alike."""
        warmth, green = dice.uniform(-0.09, 0.09), dice.uniform(-0.03, 0.03)
        return self._multiplied(np.array([1 + warmth, 1 + green, 1 - warmth], np.float32))

    def dimmed(self, share: float) -> Self:
        return self._multiplied(np.full(3, share, np.float32))

    def _multiplied(self, by: Floats) -> Self:
        return replace(
            self, **{field.name: getattr(self, field.name) * by for field in fields(self)}
        )


def palette_of(light: Light) -> Palette:
    return _PALETTES[light]


def linear(code: str, strength: float = 1.0) -> Floats:
    """A colour written `rrggbb`, in linear light and that much brighter."""
    encoded = np.array([int(code[place : place + 2], 16) for place in (0, 2, 4)]) / 255
    return (encoded**2.2 * strength).astype(np.float32)


_PALETTES = {
    Light.DAWN: Palette(
        zenith=linear("3f6ea8", 0.7),
        middle=linear("b49cb8", 0.72),
        horizon=linear("ffbe90", 0.95),
        glow=linear("ff9e5c", 1.0),
        sun=linear("ffd9a8", 3.2),
        cloud_light=linear("ffd9c4", 1.25),
        cloud_shade=linear("9a93b0", 0.8),
        ambient=linear("9fb0d0", 0.75),
        fog=linear("a99ab4", 0.7),
        water=linear("1f4a5a", 0.5),
    ),
    Light.DAY: Palette(
        zenith=linear("1f5fae", 0.85),
        middle=linear("5f9fd8", 0.95),
        horizon=linear("cfe4f2", 1.0),
        glow=linear("fff4dc", 0.7),
        sun=linear("fff0d8", 3.6),
        cloud_light=linear("ffffff", 1.45),
        cloud_shade=linear("98abc4", 0.85),
        ambient=linear("8fb4e0", 0.8),
        fog=linear("b4cfe6", 0.85),
        water=linear("0f4450", 0.6),
    ),
    Light.SUNSET: Palette(
        zenith=linear("28407c", 0.6),
        middle=linear("b5647c", 0.75),
        horizon=linear("ff8f4a", 1.2),
        glow=linear("ff7a2a", 1.5),
        sun=linear("ffb060", 3.4),
        cloud_light=linear("ff9560", 1.5),
        cloud_shade=linear("5a4470", 0.7),
        ambient=linear("8a78b4", 0.6),
        fog=linear("a87488", 0.7),
        water=linear("14203c", 0.6),
    ),
    Light.DUSK: Palette(
        zenith=linear("101c48", 0.7),
        middle=linear("3a4c90", 0.66),
        horizon=linear("d8907c", 0.70),
        glow=linear("ff8a5c", 0.60),
        sun=linear("d0a8a0", 0.9),
        cloud_light=linear("b08098", 0.55),
        cloud_shade=linear("242c58", 0.65),
        ambient=linear("6a74b0", 0.42),
        fog=linear("56608e", 0.48),
        water=linear("0c1634", 0.6),
    ),
    Light.NIGHT: Palette(
        zenith=linear("050b20", 1.0),
        middle=linear("0e1c40", 1.0),
        horizon=linear("2a4470", 0.85),
        glow=linear("8fb0e8", 0.32),
        sun=linear("b8d0ff", 0.75),
        cloud_light=linear("8ea6d4", 0.5),
        cloud_shade=linear("10182e", 0.9),
        ambient=linear("3a54a0", 0.25),
        fog=linear("22386a", 0.65),
        water=linear("040a18", 0.8),
    ),
    Light.OVERCAST: Palette(
        zenith=linear("414c5c", 0.5),
        middle=linear("6d7a88", 0.55),
        horizon=linear("b2bcc0", 0.7),
        glow=linear("d8dcdc", 0.3),
        sun=linear("dfe4e8", 0.8),
        cloud_light=linear("c6ced4", 0.8),
        cloud_shade=linear("262e3a", 0.6),
        ambient=linear("a8b4c4", 0.62),
        fog=linear("7d8a96", 0.5),
        water=linear("142830", 0.6),
    ),
}
