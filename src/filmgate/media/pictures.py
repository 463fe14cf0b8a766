"""The pictures that go with a film: a thumbnail, and a spritesheet for a player's scrubber.

The sheet can be used without any further data: tile n, counted from 0 in reading order, shows what the film
shows at (n + 0.5) / 20 of its length. All tiles have the same size and lie side by side without a gap.
"""

from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageStat

from filmgate.core.spec import Size
from filmgate.media.framing import Framing, shown_size
from filmgate.media.sampling import sampled

SPRITESHEET_COLUMNS = 5
SPRITESHEET_ROWS = 4
TILE_LONG_SIDE = 320
"""A tile of a film of 16:9 is 320x180, of one of 9:16 it is 180x320."""

THUMBNAIL_LONG_SIDE = 640
"""A smaller film has a thumbnail of its own size."""

# Of these tiles the one with the strongest contrast; the earliest of equals.
_THUMBNAIL_TILES = (6, 9, 13)


PLACES = SPRITESHEET_COLUMNS * SPRITESHEET_ROWS


def write_pictures(video: Path, *, thumbnail: Path, spritesheet: Path) -> None:
    """Write a WebP and a JPEG. Raises UnusableFilm when there is nothing to see."""
    album = Album()
    for place, film, frame in sampled(video, PLACES):
        album.add(place, frame, pixel_aspect=film.pixel_aspect)
    album.write(thumbnail=thumbnail, spritesheet=spritesheet)


class Album:
    """Takes a film's frames in, one for each place, whoever has them in hand; then it writes the pictures."""

    def __init__(self) -> None:
        self._tiles: dict[int, Image.Image] = {}
        self._candidates: dict[int, Image.Image] = {}
        self._framing: tuple[Framing, Framing] | None = None

    def add(self, place: int, frame: av.VideoFrame, *, pixel_aspect: Fraction) -> None:
        """The frame is what the film shows at (place + 0.5) / PLACES of its length."""
        self._framing = self._framing or _framing(frame, pixel_aspect)
        self._tiles[place] = self._framing[0].picture(frame)
        if place in _THUMBNAIL_TILES:
            self._candidates[place] = self._framing[1].picture(frame)

    def write(self, *, thumbnail: Path, spritesheet: Path) -> None:
        """All places must have been added."""
        candidates = [self._candidates[place] for place in _THUMBNAIL_TILES]
        max(candidates, key=_contrast).save(thumbnail, "WEBP", quality=82, method=2)
        _sheet(self._tiles).save(spritesheet, "JPEG", quality=82)


def fitted(size: Size, long_side: int) -> Size:
    """The size with its long side so long, and its proportions."""
    scale = long_side / max(size.width, size.height)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _framing(frame: av.VideoFrame, pixel_aspect: Fraction) -> tuple[Framing, Framing]:
    """For the tiles and for the thumbnail; the first frame decides, should the film change its size."""
    shown = shown_size(frame, pixel_aspect=pixel_aspect)
    # Never larger than the film: that would show no more, and takes time.
    own = max(shown.width, shown.height)
    sizes = [fitted(shown, min(limit, own)) for limit in (TILE_LONG_SIDE, THUMBNAIL_LONG_SIDE)]
    tile, thumbnail = (Framing(size, pixel_aspect=pixel_aspect) for size in sizes)
    return tile, thumbnail


def _contrast(picture: Image.Image) -> float:
    return ImageStat.Stat(picture.convert("L")).stddev[0]


def _sheet(tiles: dict[int, Image.Image]) -> Image.Image:
    width, height = tiles[0].size
    sheet = Image.new("RGB", (SPRITESHEET_COLUMNS * width, SPRITESHEET_ROWS * height))
    for place, tile in tiles.items():
        row, column = divmod(place, SPRITESHEET_COLUMNS)
        sheet.paste(tile, (column * width, row * height))
    return sheet
