"""Two films made into one: the second follows the first without a seam that one sees or hears."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes
from filmgate.media.errors import UnusableFilm
from filmgate.media.film import Film, opened
from filmgate.media.framing import Framing
from filmgate.media.sound import Sound, joined, read_sound

_CRF = 20  # a little better than a first encoding, because both parts have been encoded before
# As many as x264 would take, but its memory must stay bounded on a machine of many cores.
_THREADS = min(12, 3 * (os.cpu_count() or 1) // 2)
_SAMPLES_PER_FRAME = SAMPLE_RATE // FRAMES_PER_SECOND


def stitch(
    first: Path,
    second: Path,
    output: Path,
    *,
    size: Size,
    progress: Callable[[float], None],
) -> None:
    """Write an MP4 of both, at 24 frames per second. Raises UnusableFilm when one of them has nothing to show.

    What the second says about itself, its title and comment, the whole says too.

    Both parts go through the same encoder with the same settings, as one film, so that neither sharpness nor
    colours change where they meet.
    """
    with ExitStack() as stack:
        films = [stack.enter_context(opened(path)) for path in (first, second)]
        parts = [_Part(film, size) for film in films]
        count = sum(part.frame_count for part in parts)
        sound = joined(*(part.sound() for part in parts))
        writer = stack.enter_context(
            Mp4Writer(
                output,
                size,
                threads=_THREADS,
                crf=_CRF,
                title=films[1].says("title"),
                comment=films[1].says("comment"),
            )
        )
        for number, planes in enumerate(chain.from_iterable(part.planes() for part in parts), 1):
            writer.write_frame(planes)
            if number % FRAMES_PER_SECOND == 0 or number == count:
                _write_sound(writer, sound, until=number)
            progress(100.0 * number / count)


class _Part:
    """A film on its way into another one."""

    def __init__(self, film: Film, size: Size) -> None:
        self._film = film
        self._framing = Framing(size, pixel_aspect=film.pixel_aspect)
        self._timeline = film.timeline
        self.frame_count = max(1, round(self._timeline.duration * FRAMES_PER_SECOND))

    def sound(self) -> Sound:
        return read_sound(self._film, length=self.frame_count * _SAMPLES_PER_FRAME)

    def planes(self) -> Iterator[Planes]:
        """So many frames, whatever the film's own rate: at each moment the one nearest to it."""
        written = 0
        last: Planes | None = None
        for frame, until in _with_ends(self._film.frames(), tick=self._timeline.tick):
            end = self._number(until)
            if end <= written:
                continue
            last = self._framing.planes(frame)
            for _ in range(written, end):
                yield last
            written = end
        if last is None:
            raise UnusableFilm("The pictures of a film do not decode; send a film that plays.")
        for _ in range(written, self.frame_count):
            yield last

    def _number(self, until: Fraction | None) -> int:
        """How many of our frames are nearer to what was shown before that second than to what comes then."""
        if until is None:
            return self.frame_count
        since = until - self._timeline.start * self._timeline.tick
        return min(self.frame_count, max(0, math.ceil(since * FRAMES_PER_SECOND)))


def _with_ends(
    frames: Iterator[av.VideoFrame], *, tick: Fraction
) -> Iterator[tuple[av.VideoFrame, Fraction | None]]:
    """Each frame, and half-way between it and the next one; None behind the last."""
    current: tuple[av.VideoFrame, int] | None = None
    for frame in frames:
        if frame.pts is None:
            continue
        if current is not None:
            yield current[0], (current[1] + frame.pts) * tick / 2
        current = frame, frame.pts
    if current is not None:
        yield current[0], None


def _write_sound(writer: Mp4Writer, sound: Sound, *, until: int) -> None:
    """The sound of the second, or less, that ends with that frame."""
    begin = (until - 1) // FRAMES_PER_SECOND * FRAMES_PER_SECOND * _SAMPLES_PER_FRAME
    writer.write_audio(sound[:, begin : until * _SAMPLES_PER_FRAME])
