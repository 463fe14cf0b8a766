"""Noise: tiles that repeat without a seam, and the fractals that land is made of."""

import numpy as np

from filmgate.engines.scenes.kernel import Floats, Real, f32, floats, inner, u32

TILE = 512
"""Width and height of every noise tile; a power of two, so that wrapping is one `and`."""

_WRAP = u32(TILE - 1)
_ONE = u32(1)


def fractal_tile(rng: np.random.Generator, *, slope: float, coarsest: int = TILE) -> Floats:
    """Clouds, waves and grain of rock: 0 to 1, the rougher the smaller `slope` (about 1 to 2).

    Nothing in it is larger than `coarsest` points.
    """
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE))) * frequency**-slope
    spectrum[frequency < 1 / coarsest] = 0
    tile = np.fft.irfft2(spectrum, (TILE, TILE))
    low, high = np.quantile(tile, (0.002, 0.998))
    return floats(np.clip((tile - low) / (high - low), 0, 1))


def lattice(rng: np.random.Generator) -> Floats:
    """Random values of -1 to 1 at whole coordinates, for `ridged` and `rolling`."""
    return rng.uniform(-1, 1, (TILE, TILE)).astype(np.float32)


@inner
def sample(tile: Floats, x: Real, y: Real) -> Real:
    """The tile's value between its points; it repeats in both directions."""
    left, top = np.floor(f32(x)), np.floor(f32(y))
    across, down = f32(x) - left, f32(y) - top
    x0, y0 = u32(np.int32(left)) & _WRAP, u32(np.int32(top)) & _WRAP
    x1, y1 = (x0 + _ONE) & _WRAP, (y0 + _ONE) & _WRAP
    upper = tile[y0, x0] + (tile[y0, x1] - tile[y0, x0]) * across
    lower = tile[y1, x0] + (tile[y1, x1] - tile[y1, x0]) * across
    return upper + (lower - upper) * down


@inner
def pick(points: Floats, x: Real, y: Real) -> Real:
    """The lattice's own value at whole coordinates."""
    return points[int(y) & (TILE - 1), int(x) & (TILE - 1)]


@inner
def ridged(points: Floats, x: Real, y: Real, finest: Real) -> Real:
    """Sharp crests with ever finer side ridges, most of it on the heights: 0 to about 1.

    Steep places stay smooth, as if water had run down them. Detail smaller than `finest`, in the units of x
    and y, is left out: it would only shimmer.
    """
    total, strength, wavelength, weight = 0.0, 0.5, 1.0, 1.0
    slope_x, slope_y = 0.0, 0.0
    while wavelength > finest and strength > 0.002:
        value, dx, dy = _value_and_slopes(points, x, y)
        crest = (1 - abs(value) * 1.25) ** 2
        slope_x += dx * weight
        slope_y += dy * weight
        crest *= weight
        total += strength * crest / (1 + 0.04 * (slope_x * slope_x + slope_y * slope_y))
        weight = min(1.0, max(0.0, crest * 1.9))
        strength *= 0.52
        wavelength *= 0.5
        x, y = 1.6 * x - 1.2 * y + 17.3, 1.2 * x + 1.6 * y + 5.9
    return total


@inner
def rolling(points: Floats, x: Real, y: Real, octaves: int) -> Real:
    """Plain fractal noise of about -1 to 1: hills, dunes, patches."""
    total, strength = 0.0, 0.5
    for _ in range(octaves):
        value, _dx, _dy = _value_and_slopes(points, x, y)
        total += strength * value
        strength *= 0.5
        x, y = 1.6 * x - 1.2 * y + 31.7, 1.2 * x + 1.6 * y + 11.3
    return total


@inner
def _value_and_slopes(points: Floats, x: Real, y: Real) -> tuple[Real, Real, Real]:
    """Smooth noise of -1 to 1 and its two derivatives."""
    left, top = np.floor(x), np.floor(y)
    across, down = x - left, y - top
    fade_x = across * across * across * (across * (across * 6 - 15) + 10)
    fade_y = down * down * down * (down * (down * 6 - 15) + 10)
    slope_x = 30 * across * across * (across * (across - 2) + 1)
    slope_y = 30 * down * down * (down * (down - 2) + 1)
    corner = pick(points, left, top)
    right = pick(points, left + 1, top) - corner
    below = pick(points, left, top + 1) - corner
    twist = pick(points, left + 1, top + 1) - corner - right - below
    value = corner + right * fade_x + below * fade_y + twist * fade_x * fade_y
    return value, slope_x * (right + twist * fade_y), slope_y * (below + twist * fade_x)
