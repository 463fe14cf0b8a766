"""The sound track: wind, waves, rain, crickets, a crackling fire and a quiet chord, all synthesised."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmgate.engines.scenes.brief import Brief, Land, Light, Weather
from filmgate.engines.scenes.kernel import Floats, floats
from filmgate.engines.scenes.lightning import strikes
from filmgate.media.encode import SAMPLE_RATE

Sound = Floats
"""Two rows, left and right, of samples between -1 and 1."""

_LOOP = 1 << 18  # samples: five and a half seconds, a length that the Fourier transform likes
_BAR = 4 * SAMPLE_RATE
_RISE = 0.6
_FALL = (
    0.08  # long enough not to click, too short for a gap to be heard where the film is continued
)
_LOUDEST = 0.8
_WIDTH = np.array([[0.94, 0.34], [0.34, 0.94]])


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of the film, in samples from its beginning: what is heard depends on nothing else."""

    first: int
    count: int

    @property
    def time(self) -> Sound:
        """The second of each sample."""
        return floats(np.arange(self.first, self.first + self.count) / SAMPLE_RATE)

    def of(self, loop: Sound) -> Sound:
        """What a loop that begins with the film sounds like here."""
        return np.take(loop, np.arange(self.first, self.first + self.count), axis=1, mode="wrap")


_Voice = Callable[[_Span, np.random.Generator], Sound]


def soundtrack(brief: Brief, *, seconds: int, since: int = 0) -> Sound:
    """What is heard from the film's second `since` on. The same brief sounds the same.

    The film begins in silence, but a later stretch goes on at once. Each ends in silence.
    """
    rng = np.random.default_rng([brief.chance, 1])
    span = _Span(since * SAMPLE_RATE, seconds * SAMPLE_RATE)
    voices = _voices(brief)
    mix = _chord(brief, span, rng)
    for loudness, voice in voices:
        mix += loudness * voice(span, rng)
    if brief.has_lightning:
        mix += _thunder(brief, span, rng)
    return _limited(brief, mix, voices) * _fades(span, rise=0 if since else min(_RISE, seconds / 4))


def _limited(brief: Brief, mix: Sound, voices: list[tuple[float, _Voice]]) -> Sound:
    """About as loud for every brief, by what is known to sound: a measured peak would differ by length."""
    peak = 0.13 + 0.8 * sum(loudness for loudness, _ in voices) + 0.2 * brief.has_lightning
    return floats(np.tanh(mix * np.float32(_LOUDEST / peak)))


def _voices(brief: Brief) -> list[tuple[float, _Voice]]:
    """What can be heard in such a scene, and how loud."""
    voices: list[tuple[float, _Voice]] = [(0.10 if brief.land is Land.STREET else 0.20, _wind)]
    if brief.land is Land.SEA:
        voices.append((0.5, _waves))
    elif brief.has_water and brief.land is not Land.STREET:
        voices.append((0.16, _waves))
    if brief.weather is Weather.RAIN:
        voices.append((0.42, _rain))
    if brief.weather is Weather.EMBERS:
        voices.append((0.35, _fire))
    if (
        brief.light in (Light.NIGHT, Light.DUSK)
        and brief.land in (Land.HILLS, Land.FOREST, Land.MOUNTAINS)
        and not brief.is_wintry
    ):
        voices.append((0.07, _crickets))
    return voices


def _chord(brief: Brief, span: _Span, rng: np.random.Generator) -> Sound:
    """A soft pad that turns from one chord to the next every four seconds."""
    bright = brief.light in (Light.DAY, Light.DAWN, Light.SUNSET)
    chords = _MAJOR if bright else _MINOR
    root = float(rng.choice([98.0, 110.0, 87.31, 103.83]))
    sound = np.zeros((2, span.count), np.float32)
    for number in range(span.first // _BAR - 1, (span.first + span.count) // _BAR + 2):
        start = number * _BAR - _BAR // 2 - span.first
        begin, end = max(0, start), min(span.count, start + 2 * _BAR)
        if begin < end:
            pitches = [root * 2 ** (semitone / 12) for semitone in chords[number % len(chords)]]
            sound[:, begin:end] += _swelling(pitches, np.arange(begin - start, end - start))
    return sound


def _swelling(pitches: list[float], samples: NDArray[np.int64]) -> Sound:
    """Those samples of a chord that rises for a bar and fades for a bar, while the next one rises."""
    time = floats(samples / SAMPLE_RATE)
    swell = np.sin(floats(samples * (math.pi / 2 / _BAR))) ** 2
    sound = np.zeros((2, len(samples)), np.float32)
    for place, pitch in enumerate(pitches):
        for ear, detune in enumerate((0.9985, 1.0015)):
            angle = np.float32(2 * math.pi * pitch * detune) * time + np.float32(place * 1.7 + ear)
            tone = np.sin(angle) + 0.25 * np.sin(2 * angle) + 0.08 * np.sin(3 * angle)
            sound[ear] += (0.05 / (1 + 0.25 * place)) * tone
    return floats(sound * swell)


_MAJOR = ((0, 7, 16, 23), (5, 12, 16, 21), (-3, 9, 16, 19), (-5, 7, 14, 19))
_MINOR = ((0, 7, 15, 22), (-4, 8, 15, 19), (3, 10, 15, 22), (-2, 5, 14, 17))


def _noise(rng: np.random.Generator, *, low: float, high: float, tilt: float) -> Sound:
    """A seamless loop of noise between two pitches, falling with frequency by `tilt`, half the same in both ears."""
    pitch = np.fft.rfftfreq(_LOOP, 1 / SAMPLE_RATE)
    shape = np.maximum(pitch, low) ** -tilt / (
        (1 + (low / np.maximum(pitch, 1)) ** 4) * (1 + (pitch / high) ** 4)
    )
    angle = rng.random((2, len(pitch)), np.float32) * np.float32(2 * math.pi)
    spectrum = (np.cos(angle) + 1j * np.sin(angle)) * shape.astype(np.float32)
    loop = _WIDTH @ np.fft.irfft(spectrum, _LOOP)
    return floats(loop / (3.2 * loop.std()))


def _slow(span: _Span, *waves: tuple[float, float]) -> Sound:
    """A curve between about 0 and 1 out of waves, each a rate in hertz and a start in radians."""
    time = span.time
    total = sum(np.sin((2 * math.pi * rate) * time + start) for rate, start in waves)
    return floats(0.5 + 0.5 * total / len(waves))


def _wind(span: _Span, rng: np.random.Generator) -> Sound:
    start = rng.uniform(0, 6)
    gusts = np.stack(
        [
            _slow(span, (0.11, start), (0.07, start * 2)),
            _slow(span, (0.11, start + 0.7), (0.07, start * 2 + 0.9)),
        ]
    )
    return span.of(_noise(rng, low=60, high=700, tilt=0.9)) * (0.35 + 0.65 * gusts)


def _waves(span: _Span, rng: np.random.Generator) -> Sound:
    start = rng.uniform(0, 6)
    surge = np.stack([_slow(span, (0.16, start)) ** 2.5, _slow(span, (0.16, start + 0.8)) ** 2.5])
    deep = span.of(_noise(rng, low=60, high=600, tilt=0.8))
    foam = span.of(_noise(rng, low=500, high=5000, tilt=0.5))
    return floats(deep * (0.25 + 0.6 * surge) + foam * (0.04 + 0.5 * surge**2))


def _rain(span: _Span, rng: np.random.Generator) -> Sound:
    hiss = span.of(_noise(rng, low=900, high=9000, tilt=0.15))
    drops = np.zeros((2, _LOOP), np.float32)
    for place in rng.integers(0, _LOOP - 4000, 260):
        pitch, ear = rng.uniform(700, 2600), rng.random()
        ring = np.arange(1600) / SAMPLE_RATE
        drop = (
            rng.uniform(0.1, 0.5)
            * np.exp(-ring * 190)
            * np.sin(2 * math.pi * pitch * (1 + 3 * ring) * ring)
        )
        drops[:, place : place + 1600] += np.array([[1 - ear], [ear]]) * drop
    return floats(hiss * (0.6 + 0.15 * _slow(span, (0.09, 1.0))) + 0.5 * span.of(drops))


def _fire(span: _Span, rng: np.random.Generator) -> Sound:
    rumble = span.of(_noise(rng, low=70, high=350, tilt=0.6))
    cracks = np.zeros((2, _LOOP), np.float32)
    for place in rng.integers(0, _LOOP - 1000, 90):
        ear, length = rng.random(), int(rng.integers(60, 500))
        crack = (
            rng.standard_normal(length)
            * np.exp(-np.arange(length) / (length / 5))
            * rng.uniform(0.1, 0.8)
        )
        cracks[:, place : place + length] += np.array([[1 - ear], [ear]]) * crack
    return 0.6 * rumble + span.of(cracks)


def _crickets(span: _Span, rng: np.random.Generator) -> Sound:
    turn = np.arange(_LOOP) * (2 * math.pi / _LOOP)  # whole numbers of turns make a seamless loop
    trill = 0.5 + 0.5 * np.sin(170 * turn)
    sound = np.zeros((2, _LOOP))
    for _ in range(3):
        pitch, rate, start, ear = (
            rng.integers(21_000, 27_000),
            rng.integers(6, 10),
            rng.uniform(0, 6),
            rng.random(),
        )
        chirp = np.maximum(0, np.sin(rate * turn + start)) ** 6
        sound += np.array([[1 - ear], [ear]]) * (chirp * trill * np.sin(pitch * turn))
    return span.of(sound.astype(np.float32))


def _thunder(brief: Brief, span: _Span, rng: np.random.Generator) -> Sound:
    """It follows each flash and rolls on until the next."""
    rumble = span.of(_noise(rng, low=35, high=260, tilt=1.0))
    time = span.time
    loudness = np.zeros_like(time)
    for strike in strikes(brief, until=float(time[-1])):
        age = np.maximum(0, time - np.float32(strike + 0.8))
        roll = 0.75 + 0.25 * np.sin(age * 9)
        loudness += np.minimum(1, age * 12) * np.exp(-age * 1.1) * roll
    return floats(rumble * loudness)


def _fades(span: _Span, *, rise: float) -> Sound:
    gain = np.arange(span.count, 0, -1, dtype=np.float32) / np.float32(_FALL * SAMPLE_RATE)
    if rise:
        begin = np.arange(span.count, dtype=np.float32) / np.float32(rise * SAMPLE_RATE)
        gain = np.minimum(gain, begin)
    gain = np.minimum(gain, 1)
    return floats(gain * gain * (3 - 2 * gain))
