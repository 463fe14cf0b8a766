"""The film's thumbnail and spritesheet, taken from its frames on their way to the encoder: nobody decodes them again."""

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from filmgate.core.ports import Pictures
from filmgate.media.encode import Planes, frame_of
from filmgate.media.pictures import PLACES, Album
from filmgate.media.sampling import numbers_sampled


class Onlooker:
    """Sees all frames of a film go by, and remembers those that its pictures show, if any are wanted."""

    def __init__(self, pictures: Pictures | None, *, frame_count: int) -> None:
        self._pictures = pictures
        self._album = Album()
        self._places: defaultdict[int, list[int]] = defaultdict(list)
        if pictures is not None:
            for place, number in enumerate(numbers_sampled(frame_count, PLACES)):
                self._places[number].append(place)

    def seeing(self, frames: Iterator[Planes]) -> Iterator[Planes]:
        for number, planes in enumerate(frames):
            for place in self._places.get(number, ()):
                self._album.add(place, frame_of(planes), pixel_aspect=Fraction(1))
            yield planes

    def write(self) -> None:
        """Once all frames have gone by."""
        if self._pictures is None:
            return
        self._album.write(
            thumbnail=self._pictures.thumbnail, spritesheet=self._pictures.spritesheet
        )
