"""What drifts in the air: snow, petals, leaves, embers, fireflies. Soft ellipses that fall, or glow and float."""

from typing import NamedTuple

import numpy as np

from filmgate.engines.scenes.brief import Weather
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import Canvas
from filmgate.engines.scenes.kernel import Floats, Real, f32, floats, inner, kernel, unit
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.setting import Setting


class _Habit(NamedTuple):
    """How a kind of mote moves and looks.

    Fall, drift and flutter in pictures a second, size in pixels at 720 lines; a roundness below 1 tumbles.
    """

    fall: Real
    drift: Real
    flutter: Real
    size: Real
    roundness: Real
    blink: Real
    glow: Real


_COUNTS = {
    Weather.SNOW: 650,
    Weather.PETALS: 130,
    Weather.LEAVES: 90,
    Weather.EMBERS: 170,
    Weather.FIREFLIES: 90,
}
_HABITS = {
    Weather.SNOW: _Habit(0.13, 0.03, 0.018, 3.2, 1.0, 0.0, 0.0),
    Weather.PETALS: _Habit(0.09, 0.07, 0.05, 7.5, 0.55, 0.0, 0.0),
    Weather.LEAVES: _Habit(0.12, 0.09, 0.07, 9.5, 0.5, 0.0, 0.0),
    Weather.EMBERS: _Habit(-0.16, 0.04, 0.05, 3.0, 1.0, 0.4, 1.0),
    Weather.FIREFLIES: _Habit(-0.006, 0.012, 0.06, 4.2, 1.0, 1.0, 1.0),
}


class Motes:
    def __init__(self, setting: Setting) -> None:
        weather = setting.brief.weather
        rng = setting.rng("motes")
        self._motes = rng.random((_COUNTS[weather], 6)).astype(np.float32)
        self._colours = _colours(setting)
        self._habit = _Habit(*map(f32, _HABITS[weather]))

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        self.draw_faded(canvas, moment, strength=1.0)

    def draw_faded(self, canvas: Canvas, moment: Moment, *, strength: float) -> None:
        """With so much of their usual strength."""
        now = _Now(*map(f32, (moment.seconds, canvas.lens.unit, strength)))
        _drift(canvas.light, self._motes, self._colours, self._habit, now)


def _colours(setting: Setting) -> Floats:
    palette = setting.palette
    match setting.brief.weather:
        case Weather.PETALS:
            return np.stack([linear("ffb7c9", 0.9), linear("ffd9e2"), linear("f58fae", 0.8)])
        case Weather.LEAVES:
            return np.stack([linear("d9772b", 0.7), linear("b8401f", 0.6), linear("e0a93c", 0.75)])
        case Weather.EMBERS:
            return np.stack([linear("ff7a1f", 3), linear("ffb04a", 3.4), linear("ff4a12", 2.4)])
        case Weather.FIREFLIES:
            return np.stack([linear("ffe27a", 2.2), linear("d8ff7a", 1.8)])
        case _:
            return floats(palette.cloud_light * 0.55 + palette.ambient * 0.5 + 0.05)[None]


class _Now(NamedTuple):
    seconds: Real
    unit: Real
    strength: Real


class _Mote(NamedTuple):
    """One ellipse: where it is, how large, how it is turned, and how strong."""

    x: Real
    y: Real
    radius: Real
    cos: Real
    sin: Real
    narrow: Real
    shine: Real
    glow: Real


@kernel
def _drift(light: Floats, motes: Floats, colours: Floats, habit: _Habit, now: _Now) -> None:
    height, width = light.shape[1:]
    for number in range(motes.shape[0]):
        mote = _mote(motes[number], habit, now, f32(width), f32(height))
        colour = colours[number % colours.shape[0]]
        if mote.glow > 0:
            _shine(light, mote, colour)
        else:
            _lay(light, mote, colour)


@inner
def _mote(each: Floats, habit: _Habit, now: _Now, width: Real, height: Real) -> _Mote:
    across, start, near, phase, whim, mood = each
    seconds, phase = now.seconds, phase * f32(6.2832)
    pace = f32(0.35) + near
    sway = np.sin(seconds * (f32(0.7) + whim) + phase) * habit.flutter
    bob = np.sin(seconds * (f32(0.5) + mood) + phase * f32(2)) * habit.flutter * f32(0.6)
    way = start + seconds * habit.fall * pace
    turn = np.floor(way)
    across += seconds * habit.drift * pace + turn * f32(0.618) + sway * pace
    x = ((across - np.floor(across)) * f32(1.1) - f32(0.05)) * width
    y = ((way - turn) * f32(1.1) - f32(0.05) + bob) * height
    blur = f32(1) + max(f32(0), near - f32(0.86)) * f32(18)  # the nearest are out of focus
    radius = habit.size * now.unit * (f32(0.30) + f32(0.9) * near * near) * blur
    pulse = f32(0.5) + f32(0.5) * np.sin(seconds * (f32(1.2) + whim * f32(1.6)) + phase * f32(3))
    shine = now.strength * (f32(0.45) + f32(0.55) * near) / (f32(1) + (blur - f32(1)) * f32(1.8))
    shine *= f32(1) - habit.blink + habit.blink * pulse * pulse
    spin = seconds * (whim - f32(0.5)) * f32(3) + phase
    tumble = abs(np.sin(seconds * f32(1.3) + phase))
    narrow = habit.roundness + (f32(1) - habit.roundness) * tumble
    return _Mote(x, y, radius, np.cos(spin), np.sin(spin), narrow, shine, habit.glow)


@inner
def _away(mote: _Mote, x: int, y: int) -> Real:
    """The distance of a pixel from the middle, in pixels of the ellipse's long axis."""
    dx, dy = f32(x) - mote.x, f32(y) - mote.y
    along, aside = dx * mote.cos + dy * mote.sin, (dy * mote.cos - dx * mote.sin) / mote.narrow
    return np.sqrt(along * along + aside * aside)


@inner
def _inside(mote: _Mote, away: Real) -> Real:
    return unit((mote.radius - away) / (f32(0.35) * mote.radius + f32(0.6)) + f32(0.5)) * mote.shine


@inner
def _lay(light: Floats, mote: _Mote, colour: Floats) -> None:
    height, width = light.shape[1:]
    reach = mote.radius + f32(1.5)
    for y in range(max(0, int(mote.y - reach)), min(height, int(mote.y + reach) + 2)):
        for x in range(max(0, int(mote.x - reach)), min(width, int(mote.x + reach) + 2)):
            part = min(f32(1), _inside(mote, _away(mote, x, y)))
            for channel in range(3):
                light[channel, y, x] += (colour[channel] - light[channel, y, x]) * part


@inner
def _shine(light: Floats, mote: _Mote, colour: Floats) -> None:
    height, width = light.shape[1:]
    reach = mote.radius * f32(4) + f32(1.5)
    for y in range(max(0, int(mote.y - reach)), min(height, int(mote.y + reach) + 2)):
        for x in range(max(0, int(mote.x - reach)), min(width, int(mote.x + reach) + 2)):
            away = _away(mote, x, y)
            halo = max(f32(0), f32(1) - away / reach)
            part = _inside(mote, away) + halo * halo * halo * mote.shine * f32(0.35)
            for channel in range(3):
                light[channel, y, x] += colour[channel] * part
