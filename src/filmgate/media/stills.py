"""Stills: a few frames spread over a film, as pictures for whoever has to judge what it shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from filmgate.media.film import Film, opened
from filmgate.media.framing import Framing, shown_size
from filmgate.media.pictures import fitted
from filmgate.media.sampling import sampled

BETWEEN = 12
LONG_SIDE = 1280


@dataclass(frozen=True, slots=True)
class Still:
    """A picture, and when the film shows it."""

    path: Path
    seconds: float


def write_stills(video: Path, folder: Path) -> list[Still]:
    """The first frame, the last, and some from between, as JPEGs in the folder. Raises UnusableFilm."""
    stills = []
    for number, (seconds, film, frame) in enumerate(_frames(video)):
        still = Still(folder / f"still-{number}.jpg", seconds)
        _framing(film, frame).picture(frame).save(still.path, "JPEG", quality=95)
        stills.append(still)
    return stills


def _frames(video: Path) -> Iterator[tuple[float, Film, av.VideoFrame]]:
    with opened(video) as film:
        duration = float(film.timeline.duration)
        yield 0.0, film, film.first_frame()
        yield duration, film, film.last_frame()
    for part, film, frame in sampled(video, BETWEEN):
        yield duration * (2 * part + 1) / (2 * BETWEEN), film, frame


def _framing(film: Film, frame: av.VideoFrame) -> Framing:
    """For each frame anew: a film may change its size, and nothing of it is to be cut off."""
    shown = shown_size(frame, pixel_aspect=film.pixel_aspect)
    size = fitted(shown, min(LONG_SIDE, max(shown.width, shown.height)))
    return Framing(size, pixel_aspect=film.pixel_aspect)
