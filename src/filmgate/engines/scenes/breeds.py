"""Cats and dogs: in what they differ, and their heads from the front."""

from dataclasses import dataclass

from filmgate.engines.scenes.shapes import Outline, Point, blob, turned


@dataclass(frozen=True, slots=True, kw_only=True)
class Breed:
    has_pointed_ears: bool
    snout: float
    bulk: float
    tail: float


CAT = Breed(has_pointed_ears=True, snout=0.0, bulk=1.0, tail=1.0)
DOG = Breed(has_pointed_ears=False, snout=1.0, bulk=1.12, tail=0.7)


def head(breed: Breed, at: Point, *, tilt: float) -> list[Outline]:
    """Seen from the front."""
    face = blob(
        [
            (0, 0.104),
            (0.090, 0.086),
            (0.142, 0.012),
            (0.150, -0.048),
            (0.080, -0.092),
            (0, -0.104),
            (-0.080, -0.092),
            (-0.150, -0.048),
            (-0.142, 0.012),
            (-0.090, 0.086),
        ]
    )
    if breed.has_pointed_ears:
        ears = [
            blob(
                [
                    (side * 0.020, 0.085),
                    (side * 0.060, 0.150),
                    (side * 0.112, 0.198),
                    (side * 0.122, 0.192),
                    (side * 0.140, 0.11),
                    (side * 0.136, 0.0),
                ],
                smoothness=4,
            )
            for side in (-1, 1)
        ]
    else:
        ears = [
            blob(
                [
                    (side * 0.06, 0.09),
                    (side * 0.125, 0.085),
                    (side * 0.165, -0.01),
                    (side * 0.145, -0.085),
                    (side * 0.105, -0.04),
                ]
            )
            for side in (-1, 1)
        ]
    return [turned(part, tilt) + at for part in (face, *ears)]
