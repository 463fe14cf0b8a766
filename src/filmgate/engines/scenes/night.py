"""The night sky: stars, the milky way, and northern lights where the prompt asks for them."""

import cv2
import numpy as np

from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import SKY_SCALE, Canvas
from filmgate.engines.scenes.kernel import Floats, Real, f32, inner, kernel, unit
from filmgate.engines.scenes.noise import fractal_tile, sample
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.setting import Setting

_COUNT = 1100


class Stars:
    def __init__(self, setting: Setting) -> None:
        lens, rng = setting.lens, setting.rng("stars")
        self._stars = rng.random((_COUNT, 4)).astype(np.float32)
        self._stars[:, 0] *= lens.width
        self._stars[:, 1] *= lens.horizon
        self._stars[:, 2] = self._stars[:, 2] ** 7 * 1.1 + 0.06  # few are bright

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        horizon, seconds = f32(moment.view.horizon), f32(moment.seconds)
        _twinkle(canvas.light, canvas.cover, self._stars, horizon, seconds)


class Aurora:
    """Curtains of light that wander over the sky, brightest at their lower edge."""

    def __init__(self, setting: Setting) -> None:
        self._folds = fractal_tile(setting.rng("aurora"), slope=1.6)
        self._colours = np.stack([linear("3dff9a", 0.75), linear("8a4dff", 0.5)])

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        small = np.zeros_like(canvas.sky)
        horizon, seconds = f32(moment.view.horizon / SKY_SCALE), f32(moment.seconds)
        _curtains(small, canvas.cover, self._folds, self._colours, horizon, seconds)
        size = (canvas.lens.width, canvas.lens.height)
        for channel, plane in enumerate(small):
            canvas.light[channel] += cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)


@kernel
def _twinkle(light: Floats, cover: Floats, stars: Floats, horizon: Real, seconds: Real) -> None:
    height, width = light.shape[1:]
    for star in range(stars.shape[0]):
        x, y, size, hue = stars[star]
        column, row = int(x), int(y)
        if not (1 <= column < width - 1 and 1 <= row < height - 1):
            continue
        shine = size * (f32(0.75) + f32(0.25) * np.sin(seconds * (f32(1) + f32(3) * hue) + star))
        shine *= unit((horizon - y) / horizon * f32(2.2))
        shine *= f32(1) - cover[row // SKY_SCALE, column // SKY_SCALE]
        side = f32(0.18) if size > f32(0.25) else f32(0.10)
        _dot(light, row, column, shine, hue, side)


@inner
def _dot(light: Floats, row: int, column: int, shine: Real, hue: Real, side: Real) -> None:
    for down in range(-1, 2):
        for across in range(-1, 2):
            part = shine * side ** (down * down + across * across)
            light[0, row + down, column + across] += part * (f32(0.75) + f32(0.5) * hue)
            light[1, row + down, column + across] += part * f32(0.95)
            light[2, row + down, column + across] += part * (f32(1.25) - f32(0.4) * hue)


@kernel
def _curtains(
    sky: Floats, cover: Floats, folds: Floats, colours: Floats, horizon: Real, seconds: Real
) -> None:
    rows, columns = cover.shape
    for curtain in range(3):
        phase = f32(curtain * 137)
        for column in range(columns):
            along = f32(column) / f32(columns)
            fold = sample(
                folds, along * f32(60) + phase + seconds * f32(1.2), seconds * f32(0.9) + phase
            )
            foot = horizon * (f32(0.30) + f32(0.17) * f32(curtain) + f32(0.55) * (fold - f32(0.5)))
            rays = sample(folds, along * f32(330) + phase + seconds * f32(3), fold * f32(40))
            glow = unit((rays - f32(0.25)) * f32(1.6)) * unit((fold - f32(0.2)) * f32(2.2))
            tall = horizon * (f32(0.22) + f32(0.25) * rays)
            for row in range(min(rows, int(foot) + 4)):
                above = (foot - f32(row)) / tall
                shine = (
                    glow * np.exp(-max(f32(0), above) * f32(2.2)) * unit(above * f32(9) + f32(0.5))
                )
                shine *= f32(1) - cover[row, column] * f32(0.7)
                violet = unit(above * f32(0.9))
                for channel in range(3):
                    green, purple = colours[0, channel], colours[1, channel]
                    sky[channel, row, column] += (green + (purple - green) * violet) * shine
