"""A contact sheet: one PNG with evenly spaced frames of a video."""

from pathlib import Path

from PIL import Image, ImageDraw

from filmgate.core.spec import Size
from filmgate.media.framing import Framing, shown_size
from filmgate.media.sampling import sampled

GROUND = (13, 15, 20)


def write_contact_sheet(
    video: Path,
    output: Path,
    *,
    columns: int = 4,
    rows: int = 3,
    width: int = 1600,
    gap: int = 10,
) -> None:
    """Write a sheet `width` pixels wide. Raises UnusableFilm when the video cannot be read."""
    tile_width = (width - gap * (columns + 1)) // columns
    pictures = _pictures(video, count=columns * rows, width=tile_width)
    tile_height = pictures[0].height
    sheet = Image.new("RGB", (width, rows * (tile_height + gap) + gap), GROUND)
    mask = _rounded(pictures[0].size)
    left = (width - columns * (tile_width + gap) + gap) // 2
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        corner = (left + column * (tile_width + gap), gap + row * (tile_height + gap))
        sheet.paste(picture, corner, mask)
    sheet.save(output, "PNG", optimize=True)


def _pictures(video: Path, *, count: int, width: int) -> list[Image.Image]:
    kept: dict[int, Image.Image] = {}
    framing: Framing | None = None
    for place, film, frame in sampled(video, count):
        if framing is None:
            shown = shown_size(frame, pixel_aspect=film.pixel_aspect)
            size = Size(width, round(width * shown.height / shown.width))
            framing = Framing(size, pixel_aspect=film.pixel_aspect)
        kept[place] = framing.picture(frame)
    return [kept[place] for place in range(count)]


def _rounded(size: tuple[int, int]) -> Image.Image:
    """A mask with corners cut so slightly that one feels rather than sees it."""
    scale = 4
    large = Image.new("L", (size[0] * scale, size[1] * scale), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius=6 * scale, fill=255
    )
    return large.resize(size, Image.Resampling.LANCZOS)
