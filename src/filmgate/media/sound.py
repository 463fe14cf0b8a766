"""The sound of a film as samples, and two of them one after the other without a seam that one hears."""

from collections.abc import Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from filmgate.media.encode import SAMPLE_RATE
from filmgate.media.film import Film, decoded_samples

Sound = NDArray[np.float32]
"""Two rows, left and right, of samples between -1 and 1."""

CROSSFADE = SAMPLE_RATE * 80 // 1000
FADE = SAMPLE_RATE * 300 // 1000
"""Where there is sound on one side of the seam only."""

_GAP = SAMPLE_RATE // 20  # smaller differences between the clock and the samples are rounding
_SILENT = 0.001
_LISTENED = SAMPLE_RATE
_RAMP = 2 * SAMPLE_RATE
_MOST_GAIN = 2.5  # what differs by more than 8 dB is meant to differ, or noise


def read_sound(film: Film, *, length: int) -> Sound:
    """As many samples from the first picture on, whatever the track's own rate and start; else silence."""
    sound = np.zeros((2, length), np.float32)
    if film.audio is None:
        return sound
    start = float(film.timeline.start * film.timeline.tick)
    for place, samples in _placed(film, start=start):
        begin, end = max(place, 0), min(place + samples.shape[1], length)
        if place >= length:
            break
        if begin < end:
            sound[:, begin:end] = samples[:, begin - place : end - place]
    return sound


def joined(first: Sound, second: Sound) -> Sound:
    """One after the other, each as long as it was.

    Nothing may move, so the overlap is borrowed: while the first sound falls in its last 80 ms, the second
    one's beginning rises, played backwards, and then begins at its full strength with its own first sample.
    """
    first, second = first.copy(), second * _levelling(first, second)
    is_silent_before = _loudness(first[:, -_LISTENED:]) < _SILENT
    is_silent_after = _loudness(second[:, :_LISTENED]) < _SILENT
    length = FADE if is_silent_before or is_silent_after else CROSSFADE
    length = min(length, first.shape[1], second.shape[1])
    angle = (np.arange(length, dtype=np.float32) + 0.5) * np.float32(np.pi / 2 / max(length, 1))
    if is_silent_before:
        second[:, :length] *= np.sin(angle)
    else:
        tail = first[:, first.shape[1] - length :]
        tail *= np.cos(angle)
        tail += second[:, :length][:, ::-1] * np.sin(angle)
    whole: Sound = np.concatenate([first, second], axis=1)
    return whole.clip(-1, 1)


def _placed(film: Film, *, start: float) -> Iterator[tuple[int, Sound]]:
    """Stretches of samples, each with its place after the first picture."""
    place: int | None = None
    resampler: AudioResampler | None = None
    shape = None
    for frame in _audio_frames(film):
        if resampler is None or shape != _shape(frame):
            # One channel is doubled by us: the resampler would take 3 dB off it.
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            resampler = AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
            shape = _shape(frame)
        if frame.pts is not None and frame.time_base:
            clock = round((float(frame.pts * frame.time_base) - start) * SAMPLE_RATE)
            place = clock if place is None or abs(clock - place) > _GAP else place
        for part in resampler.resample(frame):
            samples = part.to_ndarray()
            yield place or 0, np.broadcast_to(samples, (2, samples.shape[1]))
            place = (place or 0) + samples.shape[1]


def _audio_frames(film: Film) -> Iterator[av.AudioFrame]:
    assert film.audio is not None
    for packet in film.packets(film.audio):
        yield from decoded_samples(packet)


def _shape(frame: av.AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def _levelling(first: Sound, second: Sound) -> Sound:
    """A gain for the second sound: as loud as the first was, and in two seconds as loud as it is itself."""
    # The very end may be a fade, and says nothing.
    before = _loudness(first[:, -_LISTENED - CROSSFADE : -CROSSFADE or None])
    after = _loudness(second[:, :_LISTENED])
    gain = np.ones(second.shape[1], np.float32)
    if min(before, after) < _SILENT:
        return gain
    head = second[:, :_RAMP]
    room = 1 / max(float(np.abs(head).max()), 1e-6)
    wanted = float(np.clip(before / after, 1 / _MOST_GAIN, max(1.0, min(_MOST_GAIN, room))))
    steps = np.linspace(1, 0, head.shape[1], dtype=np.float32)
    gain[: head.shape[1]] = np.float32(wanted) ** steps
    return gain


def _loudness(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0
