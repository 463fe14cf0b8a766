"""Films made of films: one that turns into another, and one that begins with a later frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from filmgate.core.spec import FRAMES_PER_SECOND
from filmgate.engines.scenes.film import Film
from filmgate.engines.scenes.kernel import Bytes
from filmgate.media.encode import Planes


@dataclass(frozen=True, slots=True)
class Dissolve:
    """`before` turns into `after` within a second from the frame `at` on."""

    before: Film
    after: Film
    at: int = 0

    def frame(self, number: int) -> Planes:
        share = (number - self.at) / FRAMES_PER_SECOND
        if share <= 0:
            return self.before.frame(number)
        if share >= 1:
            return self.after.frame(number)
        eased = share * share * (3 - 2 * share)
        return mixed(self.before.frame(number), self.after.frame(number), share=eased)


@dataclass(frozen=True, slots=True)
class Later:
    """`film` from its frame `start` on."""

    film: Film
    start: int

    def frame(self, number: int) -> Planes:
        return self.film.frame(self.start + number)


@dataclass(frozen=True, slots=True)
class Frozen:
    """One picture all the time."""

    planes: Planes

    def frame(self, _number: int) -> Planes:
        return self.planes


def mixed(first: Planes, second: Planes, *, share: float) -> Planes:
    """So much of the second."""
    return Planes(*(_mixed(*pair, share) for pair in zip(first, second, strict=True)))


def _mixed(first: Bytes, second: Bytes, share: float) -> Bytes:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)
