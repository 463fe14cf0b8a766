"""Frames evenly spaced over a film, in one pass that decodes no more than it must."""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import av

from filmgate.media.errors import UnusableFilm
from filmgate.media.film import Film, Timeline, opened


def sampled(video: Path, count: int) -> Iterator[tuple[int, Film, av.VideoFrame]]:
    """What the film shows in the middle of each of `count` equal parts, by the part's number from 0.

    A film with fewer frames gives some of them more than once. Raises UnusableFilm.
    """
    with opened(video) as film:
        places = _places(film.timeline, count)
        missing = set(range(count))
        for frame in film.frames(wanted=set(places)):
            for place in [number for number in sorted(missing) if places[number] == frame.pts]:
                missing.remove(place)
                yield place, film, frame
    if missing:
        raise UnusableFilm(f"{len(missing)} of {count} places of this film do not decode.")


def numbers_sampled(frame_count: int, count: int) -> list[int]:
    """The same frames by their numbers from 0, of a film whose frames all last equally long."""
    return [frame_count * (2 * part + 1) // (2 * count) for part in range(count)]


def _places(timeline: Timeline, count: int) -> list[int]:
    """When the frame begins that is on the screen in the middle of each part."""
    starts = [moment.start for moment in timeline.moments]
    ticks = timeline.duration / timeline.tick
    middles = [starts[0] + ticks * (2 * part + 1) / (2 * count) for part in range(count)]
    return [starts[bisect_right(starts, middle) - 1] for middle in middles]
