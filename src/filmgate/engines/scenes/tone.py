"""From light to film: glow, vignette, a filmic curve, colour grade and a little grain, as YUV planes."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from filmgate.engines.scenes.brief import Grade
from filmgate.engines.scenes.camera import Lens
from filmgate.engines.scenes.glow import SCALE, glow_of
from filmgate.engines.scenes.kernel import Bytes, Floats, Real, f32, inner, kernel
from filmgate.media.encode import Planes

_GRAIN_ROWS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A kind of film. `split` turns shadows to teal and lights to amber."""

    exposure: float = 1.0
    vignette: float = 0.7
    saturation: float = 1.1
    split: float = 0.0
    grain: float = 0.7


STOCKS = {
    Grade.NATURAL: Stock(),
    Grade.CINEMATIC: Stock(saturation=1.04, split=26.0, vignette=0.95, grain=0.9),
    Grade.VIVID: Stock(saturation=1.32),
    Grade.MONOCHROME: Stock(saturation=0.0, vignette=1.0, grain=1.6),
}


class Developer:
    """Turns canvases into frames; may be used from several threads."""

    def __init__(self, stock: Stock, lens: Lens, rng: np.random.Generator) -> None:
        self._stock, self._lens = stock, lens
        noise = rng.random((_GRAIN_ROWS, lens.width + 512), np.float32)
        noise += rng.random(noise.shape, np.float32)
        self._grain = (noise - 1) * np.float32(2 * stock.grain * min(1.5, lens.unit))

    def develop(self, light: Floats, number: int) -> Planes:
        planes = empty_planes(self._lens.width, self._lens.height)
        stock = self._stock
        recipe = _Recipe(*map(f32, (stock.exposure, stock.vignette, stock.saturation, stock.split)))
        glow = glow_of(light, unit=self._lens.unit)
        _develop(light, glow, self._grain, tuple(planes), recipe, number * 131)
        return planes


def copy_planes(light: Floats) -> Planes:
    """For pictures that are on film already: RGB of 0 to 1 as it is displayed, without any change."""
    planes = empty_planes(light.shape[2], light.shape[1])
    _copy(light, tuple(planes))
    return planes


def empty_planes(width: int, height: int) -> Planes:
    return Planes(
        np.empty((height, width), np.uint8),
        np.empty((height // 2, width // 2), np.uint8),
        np.empty((height // 2, width // 2), np.uint8),
    )


_Planes: TypeAlias = tuple[Bytes, ...]


class _Recipe(NamedTuple):
    exposure: Real
    vignette: Real
    saturation: Real
    split: Real


@kernel
def _develop(
    light: Floats, glow: Floats, grain: Floats, planes: _Planes, recipe: _Recipe, offset: int
) -> None:
    y_plane, u_plane, v_plane = planes
    height, width = y_plane.shape
    shown = np.empty((3, width), np.float32)
    pair = np.zeros((3, width // 2), np.float32)
    aside, spread = np.empty(width, np.float32), np.empty(width, np.float32)
    for x in range(width):
        aside[x] = ((f32(x) + f32(0.5)) / f32(width) - f32(0.5)) ** 2
    for y in range(height):
        down = (f32(y) + f32(0.5)) / f32(height) - f32(0.5)
        bright = recipe.exposure * (f32(1) - recipe.vignette * down * down)
        fall = recipe.exposure * recipe.vignette
        glow_y = min(y // SCALE, glow.shape[1] - 1)
        for channel in range(3):
            _widen(spread, glow[channel, glow_y])
            _expose(shown[channel], light[channel, y], spread, aside, bright, fall)
        speck = grain[(offset + y * 89) % _GRAIN_ROWS]
        _write_luma(y_plane[y], shown, speck[(offset * 7 + y * 31) % 512 :])
        _pair_up(pair, shown, f32(y % 2))
        if y % 2 == 1:
            _write_chroma(u_plane[y // 2], v_plane[y // 2], pair, recipe.saturation, recipe.split)


@kernel
def _copy(light: Floats, planes: _Planes) -> None:
    y_plane, u_plane, v_plane = planes
    height, width = y_plane.shape
    pair = np.zeros((3, width // 2), np.float32)
    still = np.zeros(width, np.float32)
    for y in range(height):
        _write_luma(y_plane[y], light[:, y], still)
        _pair_up(pair, light[:, y], f32(y % 2))
        if y % 2 == 1:
            _write_chroma(u_plane[y // 2], v_plane[y // 2], pair, f32(1), f32(0))


@inner
def _widen(wide: Floats, small: Floats) -> None:
    last = small.shape[0] - 1
    for x in range(wide.shape[0]):
        wide[x] = small[min(x // SCALE, last)]


@inner
def _expose(
    shown: Floats, light: Floats, glow: Floats, aside: Floats, bright: Real, fall: Real
) -> None:
    """A filmic curve with the display's gamma in it: deep shadows, and lights that never clip."""
    for x in range(shown.shape[0]):
        value = max(f32(0), light[x] + glow[x]) * (bright - fall * aside[x])
        scaled = f32(6.2) * value
        shown[x] = value * (scaled + f32(0.5)) / (value * (scaled + f32(1.7)) + f32(0.06))


@inner
def _luma(red: Real, green: Real, blue: Real) -> Real:
    return f32(0.2126) * red + f32(0.7152) * green + f32(0.0722) * blue


@inner
def _write_luma(row: Bytes, shown: Floats, grain: Floats) -> None:
    red, green, blue = shown[0], shown[1], shown[2]
    for x in range(row.shape[0]):
        value = f32(16.5) + f32(219) * _luma(red[x], green[x], blue[x]) + grain[x]
        row[x] = np.uint8(min(f32(235), max(f32(16), value)))


@inner
def _pair_up(pair: Floats, shown: Floats, keep: Real) -> None:
    """Add up the blocks of two by two pixels that share their chroma; `keep` is 0 for their first row."""
    for channel in range(3):
        source, target = shown[channel], pair[channel]
        for x in range(target.shape[0]):
            target[x] = target[x] * keep + source[2 * x] + source[2 * x + 1]


@inner
def _write_chroma(u_row: Bytes, v_row: Bytes, pair: Floats, saturation: Real, split: Real) -> None:
    red, green, blue = pair[0], pair[1], pair[2]
    for x in range(u_row.shape[0]):
        luma = _luma(red[x], green[x], blue[x])
        cool = f32(128.5) + split * (f32(0.36) - luma * f32(0.25))
        warm = f32(257) - cool
        u = cool + (blue[x] - luma) * saturation * f32(224 / 4 / 1.8556)
        v = warm + (red[x] - luma) * saturation * f32(224 / 4 / 1.5748)
        u_row[x] = np.uint8(min(f32(240), max(f32(16), u)))
        v_row[x] = np.uint8(min(f32(240), max(f32(16), v)))
