"""Shapes that silhouettes are put together from: polygons in metres, y upwards."""

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]
Point = tuple[float, float]


class Coat(IntEnum):
    """Which of a subject's colours a part is painted with."""

    DARK = 0
    PALE = 1
    BRIGHT = 2


Part = tuple[Coat, Outline]

_ROUND = np.linspace(0, 2 * math.pi, 28, endpoint=False)
_HALF_ROUND = np.linspace(0, math.pi, 9)[1:-1]


def blob(points: Sequence[Point], *, smoothness: int = 8) -> Outline:
    """A closed curve through the points."""
    corners = np.asarray(points, float)
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    beyond = np.roll(corners, -2, axis=0)
    share = np.linspace(0, 1, smoothness, endpoint=False)[:, None, None]
    curve = corners + 0.5 * share * (
        (after - before)
        + share * (2 * before - 5 * corners + 4 * after - beyond)
        + share**2 * (3 * (corners - after) + beyond - before)
    )
    return np.asarray(curve.transpose(1, 0, 2).reshape(-1, 2), float)


def limb(points: Sequence[Point], radii: Sequence[float]) -> Outline:
    """A round brush drawn along the points, as thick at each as its radius says."""
    path, thick = _smooth_path(np.asarray(points, float), np.asarray(radii, float))
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
    across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * thick[:, None]
    start = _cap(path[0], -across[0], thick[0])
    end = _cap(path[-1], across[-1], thick[-1])
    return np.concatenate([path + across, end, (path - across)[::-1], start])


def oval(x: float, y: float, *, across: float, up: float, tilt: float = 0.0) -> Outline:
    flat = np.stack([across * np.cos(_ROUND), up * np.sin(_ROUND)], axis=1)
    return moved(turned(flat, tilt), x, y)


def moved(outline: Outline, x: float, y: float) -> Outline:
    return np.asarray(np.add(outline, (x, y)), float)


def turned(outline: Outline, angle: float) -> Outline:
    """About the origin, counter-clockwise, in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(outline @ np.array([[cos, sin], [-sin, cos]]), float)


def polygon(*points: Point) -> Outline:
    return np.asarray(points, float)


def _smooth_path(
    points: Outline, radii: NDArray[np.float64]
) -> tuple[Outline, NDArray[np.float64]]:
    """More points along a curve through the given ones."""
    padded = np.concatenate([points[:1] * 2 - points[1:2], points, points[-1:] * 2 - points[-2:-1]])
    place = np.linspace(0, len(points) - 1, 8 * (len(points) - 1) + 1)
    index = np.minimum(place.astype(int), len(points) - 2)
    share = (place - index)[:, None]
    a, b, c, d = (padded[index + step] for step in range(4))
    path = b + 0.5 * share * (
        (c - a) + share * (2 * a - 5 * b + 4 * c - d) + share**2 * (3 * (b - c) + d - a)
    )
    return path, np.interp(place, np.arange(len(points)), radii)


def _cap(centre: Outline, across: Outline, radius: float) -> Outline:
    """Half a circle, from `across` clockwise to its opposite."""
    start = math.atan2(across[1], across[0])
    angle = start - _HALF_ROUND
    return np.asarray(centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), float)
