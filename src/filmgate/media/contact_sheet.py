"""A contact sheet: one PNG with evenly spaced frames of a video."""

from pathlib import Path

import av
from PIL import Image, ImageDraw

from filmgate.media.probe import probe

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
    """Write a sheet `width` pixels wide. Raises UnplayableFile when the video cannot be read."""
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
    """The frames in the middle of each of `count` equal parts; a short video shows some twice."""
    facts = probe(video)
    wanted = [(2 * part + 1) * facts.frame_count // (2 * count) for part in range(count)]
    size = (width, round(width * facts.height / facts.width))
    kept: dict[int, Image.Image] = {}
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                kept[number] = _picture(frame, size=size)
    return [kept[number] for number in wanted]


def _picture(frame: av.VideoFrame, *, size: tuple[int, int]) -> Image.Image:
    pixels = frame.to_ndarray(format="rgb24")
    return Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)


def _rounded(size: tuple[int, int]) -> Image.Image:
    """A mask with corners cut so slightly that one feels rather than sees it."""
    scale = 4
    large = Image.new("L", (size[0] * scale, size[1] * scale), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius=6 * scale, fill=255
    )
    return large.resize(size, Image.Resampling.LANCZOS)
