"""The picture of a character: a square from the middle of the film that shows it."""

from pathlib import Path

from filmgate.core.spec import Size
from filmgate.media.framing import Framing
from filmgate.media.sampling import sampled

PORTRAIT_SIZE = Size(512, 512)


def write_portrait(video: Path, output: Path) -> None:
    """Write a WebP of the frame in the middle. Raises UnusableFilm when it does not decode."""
    for _, film, frame in sampled(video, 1):
        framing = Framing(PORTRAIT_SIZE, pixel_aspect=film.pixel_aspect)
        framing.picture(frame).save(output, "WEBP", quality=90, method=2)
