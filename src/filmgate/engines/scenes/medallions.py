"""Characters: each uploaded picture as a round medallion that floats before the film, at its lower edge."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.engines.scenes.camera import way_at
from filmgate.engines.scenes.film import Film
from filmgate.engines.scenes.kernel import Bytes, Floats, floats
from filmgate.engines.scenes.pictures import in_video_colours, read_picture, resized
from filmgate.media.encode import Planes

_DIAMETER = 0.18
"""Of the frame's short side, as all the shares below but those that say otherwise."""

_FOOT = 0.165
"""How far the middle is from the lower edge."""

_FLOAT = 0.006
_ASIDES = (1 / 6, 5 / 6)
"""Where the middles are, in widths of the frame."""

_PARALLAX = 0.012
"""Widths of the frame for the whole of the camera's way."""

_RIM, _RIM_COLOUR = 0.022, (225.0, 122.0, 132.0)
_SHADOW, _SHADOW_REACH = 0.45, 0.16
"""The shadow's strength, and how far it reaches beyond the rim in diameters."""


class Portrayed:
    """A film with a medallion for each portrait, at most two."""

    def __init__(self, film: Film, portraits: Sequence[Path], size: Size) -> None:
        self._film = film
        self._medallions = [
            _Medallion(_struck(path, size), size, aside, phase=2.4 * number)
            for number, (path, aside) in enumerate(zip(portraits, _ASIDES, strict=False))
        ]

    def frame(self, number: int) -> Planes:
        planes = Planes(*(plane.copy() for plane in self._film.frame(number)))
        for medallion in self._medallions:
            medallion.lay(planes, seconds=number / FRAMES_PER_SECOND)
        return planes


@dataclass(frozen=True, slots=True)
class _Medallion:
    """`patch` holds rows of luma, two chroma values and coverage, the first three multiplied by it."""

    patch: Floats
    size: Size
    aside: float
    phase: float

    def lay(self, planes: Planes, *, seconds: float) -> None:
        x, y = self._middle(seconds)
        side = self.patch.shape[0]
        # Two pixels share their chroma, so the patch is laid on even ones and moved by what is left.
        left, top = 2 * math.floor((x - side / 2) / 2), 2 * math.floor((y - side / 2) / 2)
        move = np.array([[1, 0, x - side / 2 - left], [0, 1, y - side / 2 - top]], np.float32)
        patch = floats(cv2.warpAffine(self.patch, move, (side + 2, side + 2)))
        half = (side // 2 + 1, side // 2 + 1)
        small = floats(cv2.resize(patch, half, interpolation=cv2.INTER_AREA))
        _blend(planes.y, patch[..., 0], patch[..., 3], (top, left))
        for place, plane in ((1, planes.u), (2, planes.v)):
            _blend(plane, small[..., place], small[..., 3], (top // 2, left // 2))

    def _middle(self, seconds: float) -> tuple[float, float]:
        short = min(self.size.width, self.size.height)
        sway = _FLOAT * short * math.sin(seconds * 0.9 + self.phase)
        bob = _FLOAT * short * math.sin(seconds * 1.3 + 1.7 * self.phase)
        x = (self.aside - _PARALLAX * way_at(seconds)) * self.size.width
        return x + sway, self.size.height - _FOOT * short + bob


def _struck(path: Path, size: Size) -> Floats:
    """The patch of a medallion: the picture's middle, a thin rim, and a shadow around it."""
    diameter = _DIAMETER * min(size.width, size.height)
    side = 2 * math.ceil(diameter * (0.5 + _SHADOW_REACH)) + 2
    away, away_below = _distances(side, down=0.0), _distances(side, down=0.02 * diameter)
    soft = 0.6 + 0.008 * diameter
    disc = _within(away, diameter / 2, soft)
    inner = _within(away, diameter * (0.5 - _RIM), soft)
    face = np.zeros((side, side, 3), np.float32)
    face[:] = _RIM_COLOUR
    face += (_filling(path, side, diameter) - face) * inner
    beyond = np.clip((away_below - diameter / 2) / (diameter * _SHADOW_REACH), 0, 1)
    shadow = _SHADOW * (1 - beyond) ** 2 * (1 - disc)
    black = np.array([16.0, 128.0, 128.0], np.float32)
    return floats(np.concatenate([face * disc + black * shadow, disc + shadow], axis=2))


def _distances(side: int, *, down: float) -> Floats:
    """From the middle, or from below it, for each pixel."""
    place = np.arange(side) - (side - 1) / 2
    return floats(np.hypot(place, (place - down)[:, None])[..., None])


def _within(away: Floats, radius: float, soft: float) -> Floats:
    return floats(np.clip((radius - away) / (2 * soft) + 0.5, 0, 1))


def _filling(path: Path, side: int, diameter: float) -> Floats:
    """The picture's largest square in the middle, as large as the medallion."""
    picture = read_picture(path)
    short = min(picture.shape[:2])
    top, left = ((length - short) // 2 for length in picture.shape[:2])
    across = 2 * math.ceil(diameter / 2)
    square = resized(picture[top : top + short, left : left + short], Size(across, across))
    margin = (side - across) // 2
    colours = in_video_colours(square)
    return floats(np.pad(colours, ((margin, margin), (margin, margin), (0, 0)), mode="edge"))


def _blend(plane: Bytes, colour: Floats, cover: Floats, corner: tuple[int, int]) -> None:
    top, left = corner
    part = plane[top : top + cover.shape[0], left : left + cover.shape[1]]
    rows, columns = part.shape
    cover, colour = cover[:rows, :columns], colour[:rows, :columns]
    part[:] = np.rint(part * (1 - cover) + colour)
