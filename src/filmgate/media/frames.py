"""Single frames of a film as pictures of an exact size, lossless: what another film is made from."""

from pathlib import Path

import av

from filmgate.core.spec import Size
from filmgate.media.film import Film, opened
from filmgate.media.framing import Framing


def write_first_frame(video: Path, output: Path, *, size: Size) -> None:
    """Write a PNG that the frame fills. Raises UnusableFilm when nothing decodes."""
    with opened(video) as film:
        _write(film.first_frame(), film, output, size=size)


def write_last_frame(video: Path, output: Path, *, size: Size) -> None:
    """As `write_first_frame`, the last that decodes."""
    with opened(video) as film:
        _write(film.last_frame(), film, output, size=size)


def _write(frame: av.VideoFrame, film: Film, output: Path, *, size: Size) -> None:
    picture = Framing(size, pixel_aspect=film.pixel_aspect).picture(frame)
    picture.save(output, "PNG", compress_level=1)
