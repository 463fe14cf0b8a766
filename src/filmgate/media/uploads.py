"""Films that strangers upload: what is in one, and whether we can work with it.

Bounded in time and memory whatever the file claims: packets are counted, two frames are decoded.
"""

from dataclasses import dataclass
from pathlib import Path

from filmgate.core.spec import Size
from filmgate.media.boxes import is_cut_short
from filmgate.media.errors import UnusableFilm
from filmgate.media.film import LONGEST_SIDE, Film, opened
from filmgate.media.framing import shown_size

SHORTEST_SECONDS = 0.5
LONGEST_SECONDS = 120.0
SHORTEST_SIDE = 16
MOST_FRAMES_PER_SECOND = 61  # a film of 59.94 or 60 that was cut badly still passes
NARROWEST = 4
"""The longer side is at most so many times the shorter: what fills a frame from less is a blur."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts:
    """What a usable film holds. The duration is in seconds, the size as it is shown: upright."""

    duration: float
    width: int
    height: int
    frame_count: int
    has_sound: bool


def check_film(path: Path) -> FilmFacts:
    """Measure the film. Raises UnusableFilm with what was found and what would be right."""
    with opened(path) as film:
        if is_cut_short(path):
            raise UnusableFilm("This film is cut short: send the whole file.")
        facts = _measured(film)
        film.last_frame()
    return facts


def _measured(film: Film) -> FilmFacts:
    timeline = film.timeline
    duration, count = float(timeline.duration), len(timeline.moments)
    _check_length(duration, count)
    size = shown_size(film.first_frame(), pixel_aspect=film.pixel_aspect)
    _check_size(size)
    return FilmFacts(
        duration=duration,
        width=size.width,
        height=size.height,
        frame_count=count,
        has_sound=film.audio is not None,
    )


def _check_length(duration: float, count: int) -> None:
    if not SHORTEST_SECONDS <= duration <= LONGEST_SECONDS:
        raise UnusableFilm(
            f"This film is {duration:.2f} seconds long; "
            f"send one of {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g} seconds."
        )
    if count > MOST_FRAMES_PER_SECOND * duration + 1:
        raise UnusableFilm(
            f"This film has {count / duration:.0f} frames per second; send one of at most 60."
        )


def _check_size(size: Size) -> None:
    short, long = sorted((size.width, size.height))
    if short < SHORTEST_SIDE or long > LONGEST_SIDE:
        raise UnusableFilm(
            f"This film is {size}; send one with sides of {SHORTEST_SIDE} to {LONGEST_SIDE} pixels."
        )
    if long > NARROWEST * short:
        raise UnusableFilm(
            f"This film is {size}; send one whose longer side is at most {NARROWEST} times the shorter."
        )
