"""The sky: its colours, the glow round the sun, clouds lit from there, and the disc itself."""

from typing import NamedTuple

import cv2
import numpy as np

from filmgate.engines.scenes.camera import Moment, View
from filmgate.engines.scenes.canvas import SKY_SCALE, Canvas
from filmgate.engines.scenes.kernel import Floats, Real, clamp, f32, floats, inner, kernel, unit
from filmgate.engines.scenes.noise import fractal_tile, sample
from filmgate.engines.scenes.setting import Setting


class Sky:
    """Fills the whole canvas; below the horizon with the colour that the sky has there."""

    def __init__(self, setting: Setting) -> None:
        rng = setting.rng("clouds")
        self._setting = setting
        self._clouds = fractal_tile(rng, slope=1.55)
        self._start = rng.uniform(0, 400, 2)

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        view, palette = moment.view, self._setting.palette
        sun_x, sun_y = self._setting.sun.place(view)
        look = _Look(
            *map(
                f32,
                (
                    view.focal / SKY_SCALE,
                    view.horizon / SKY_SCALE,
                    view.centre / SKY_SCALE,
                    sun_x / SKY_SCALE,
                    sun_y / SKY_SCALE,
                    0.72 - 0.40 * self._setting.brief.cloudiness,
                    self._start[0] + moment.seconds * 1.1 + view.x * 0.1,
                    self._start[1],
                    moment.seconds,
                ),
            )
        )
        colours = _Colours(
            self._gradient(canvas.sky.shape[1], view),
            palette.glow,
            palette.cloud_light,
            palette.cloud_shade,
        )
        _paint(canvas.sky, canvas.cover, self._clouds, colours, look)
        size = (canvas.lens.width, canvas.lens.height)
        for plane, target in zip(canvas.sky, canvas.light, strict=True):
            cv2.resize(plane, size, dst=target, interpolation=cv2.INTER_LINEAR)
        self._draw_disc(canvas, view)

    def _gradient(self, rows: int, view: View) -> Floats:
        """The cloudless sky's colour for each row."""
        above = (view.horizon - (np.arange(rows) + 0.5) * SKY_SCALE) / view.horizon
        height = np.clip(above, 0, 1)[:, None]
        palette = self._setting.palette
        low = np.clip(height / 0.42, 0, 1) ** 0.75
        high = np.clip((height - 0.30) / 0.70, 0, 1) ** 0.9
        colour = palette.horizon * (1 - low) + palette.middle * low
        return floats(colour * (1 - high) + palette.zenith * high)

    def _draw_disc(self, canvas: Canvas, view: View) -> None:
        sun = self._setting.sun
        if sun.radius == 0:
            return
        x, y = sun.place(view)
        disc = _Disc(f32(x), f32(y), f32(sun.radius * view.focal))
        colour = self._setting.palette.sun
        if sun.is_moon:
            _draw_moon(canvas.light, canvas.cover, colour, self._clouds, disc)
        else:
            _draw_sun(canvas.light, canvas.cover, colour, disc)


class _Colours(NamedTuple):
    gradient: Floats
    glow: Floats
    cloud_light: Floats
    cloud_shade: Floats


class _Look(NamedTuple):
    """In pixels of the small sky."""

    focal: Real
    horizon: Real
    centre: Real
    sun_x: Real
    sun_y: Real
    threshold: Real
    drift: Real
    start: Real
    seconds: Real


@kernel
def _paint(sky: Floats, cover: Floats, clouds: Floats, colours: _Colours, look: _Look) -> None:
    rows, columns = cover.shape
    for row in range(rows):
        up = max(f32(0), (look.horizon - f32(row) - f32(0.5)) / look.focal)
        far = f32(1) / (up + f32(0.045))
        near = min(f32(1), up * f32(14))
        for column in range(columns):
            across = (f32(column) + f32(0.5) - look.centre) / look.focal
            to_x = (look.sun_x - f32(column)) / look.focal
            to_y = (look.sun_y - f32(row)) / look.focal
            halo = _halo(to_x, to_y)
            body, lit = _cloud(clouds, look, across * far, far, to_x)
            body *= near
            cover[row, column] = body
            _mix(sky, colours, row, column, halo, body, lit, near)


@inner
def _halo(to_x: Real, to_y: Real) -> Real:
    """Light that the air scatters: wide along the horizon, bright close to the sun."""
    away = to_x * to_x * f32(0.55) + to_y * to_y * f32(1.6)
    wide = f32(0.5) / (f32(1) + away * f32(26))
    close = f32(0.5) / (f32(1) + away * f32(420))
    return wide + close + f32(0.9) / (f32(1) + away * f32(4200))


@inner
def _cloud(clouds: Floats, look: _Look, across: Real, far: Real, to_x: Real) -> tuple[Real, Real]:
    """How much cloud is here, and how much of the sun's light reaches it."""
    u, v = across * f32(26) + look.drift, far * f32(26) + look.start
    density = (
        sample(clouds, u, v) * f32(0.60)
        + sample(clouds, u * f32(2.7) + look.seconds * f32(0.9), v * f32(2.7)) * f32(0.27)
        + sample(clouds, u * f32(6.1) - look.seconds * f32(0.7), v * f32(6.1)) * f32(0.13)
    )
    body = unit((density - look.threshold) * f32(4.2))
    body = body * body * (f32(3) - f32(2) * body)
    toward = sample(clouds, u + to_x * f32(14), v - f32(7)) * f32(0.7) + density * f32(0.3)
    depth = toward - clamp(
        look.threshold, f32(0.43), f32(1)
    )  # a closed sky still has its hills and valleys
    shadow = unit(depth * f32(3.0) + (body - f32(0.5)) * f32(0.4))
    return body, f32(1) - f32(0.85) * shadow


@inner
def _mix(
    sky: Floats,
    colours: _Colours,
    row: int,
    column: int,
    halo: Real,
    body: Real,
    lit: Real,
    near: Real,
) -> None:
    rim = halo * (f32(1.2) - body) * f32(1.6)
    veil = (f32(1) - near * f32(0.85)) * f32(0.7)
    for channel in range(3):
        clear = colours.gradient[row, channel] + colours.glow[channel] * halo
        shade = colours.cloud_shade[channel]
        cloud = shade + (colours.cloud_light[channel] - shade) * lit + colours.glow[channel] * rim
        cloud += (clear - cloud) * veil
        sky[channel, row, column] = clear + (cloud - clear) * body * f32(0.94)


class _Disc(NamedTuple):
    x: Real
    y: Real
    radius: Real


@kernel
def _draw_sun(light: Floats, cover: Floats, colour: Floats, disc: _Disc) -> None:
    """Soft at its edge: the air before it glows."""
    height, width = light.shape[1:]
    reach = disc.radius * f32(1.15) + f32(2)
    for y in range(max(0, int(disc.y - reach)), min(height, int(disc.y + reach) + 1)):
        for x in range(max(0, int(disc.x - reach)), min(width, int(disc.x + reach) + 1)):
            across, down = _on_disc(disc, x, y)
            edge = unit((f32(1.12) - np.sqrt(across * across + down * down)) * f32(4))
            shine = f32(5) * edge * edge * _clear(cover, x, y)
            for channel in range(3):
                light[channel, y, x] += colour[channel] * shine


@kernel
def _draw_moon(light: Floats, cover: Floats, colour: Floats, tile: Floats, disc: _Disc) -> None:
    """Its seas are noise; it is darker towards the limb."""
    height, width = light.shape[1:]
    reach = disc.radius + f32(2)
    for y in range(max(0, int(disc.y - reach)), min(height, int(disc.y + reach) + 1)):
        for x in range(max(0, int(disc.x - reach)), min(width, int(disc.x + reach) + 1)):
            across, down = _on_disc(disc, x, y)
            away = across * across + down * down
            seas = sample(tile, across * f32(26) + f32(91), down * f32(26) + f32(47)) * f32(0.7)
            seas += sample(tile, across * f32(90) + f32(11), down * f32(90) + f32(7)) * f32(0.3)
            seas = f32(0.62) + f32(0.95) * unit((seas - f32(0.36)) * f32(3.4))
            inside = unit((f32(1) - np.sqrt(away)) * disc.radius * f32(0.8) + f32(0.5))
            ball = f32(0.6) + f32(0.75) * np.sqrt(unit(f32(1) - away))
            shine = inside * ball * seas * _clear(cover, x, y)
            for channel in range(3):
                light[channel, y, x] += colour[channel] * shine


@inner
def _on_disc(disc: _Disc, x: int, y: int) -> tuple[Real, Real]:
    """Where a pixel lies on the disc: -1 to 1 across and down."""
    across = (f32(x) + f32(0.5) - disc.x) / disc.radius
    return across, (f32(y) + f32(0.5) - disc.y) / disc.radius


@inner
def _clear(cover: Floats, x: int, y: int) -> Real:
    """How much of the light no cloud keeps back."""
    return f32(1) - cover[y // SKY_SCALE, x // SKY_SCALE] * f32(0.88)
