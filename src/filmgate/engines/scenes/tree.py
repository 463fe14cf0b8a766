"""A spreading old tree as outlines, 1 high: boughs that fork, each end in a cloud of leaves."""

import math
import random

import numpy as np

from filmgate.engines.scenes.shapes import Coat, Outline, Part, Point, blob, limb


def tree(dice: random.Random) -> list[Part]:
    root = blob([(-0.09, -0.03), (-0.04, 0.03), (0.04, 0.03), (0.09, -0.03)])
    parts: list[Part] = [(Coat.DARK, root)]
    _grow(
        parts,
        (0.0, -0.02),
        angle=math.pi / 2 + dice.uniform(-0.08, 0.08),
        length=0.30,
        radius=0.042,
        depth=0,
        dice=dice,
    )
    return sorted(parts, key=lambda part: part[0])  # boughs behind leaves


def _grow(
    parts: list[Part],
    start: Point,
    *,
    angle: float,
    length: float,
    radius: float,
    depth: int,
    dice: random.Random,
) -> None:
    middle = (
        start[0] + 0.5 * length * math.cos(angle + 0.12),
        start[1] + 0.5 * length * math.sin(angle + 0.12),
    )
    end = (start[0] + length * math.cos(angle), start[1] + length * math.sin(angle))
    parts.append((Coat.DARK, limb([start, middle, end], [radius, radius * 0.82, radius * 0.66])))
    if depth >= 2:
        parts.append((Coat.BRIGHT, _leaves(end, size=0.085 + 0.02 * (3 - depth), dice=dice)))
    if depth == 4:
        return
    for turn in (-0.62, 0.05, 0.58)[: 3 if depth < 2 else 2]:
        flatter = (angle + turn * dice.uniform(0.75, 1.25)) * 0.94 + 0.06 * math.pi / 2
        _grow(
            parts,
            end,
            angle=flatter,
            length=length * dice.uniform(0.62, 0.78),
            radius=radius * 0.62,
            depth=depth + 1,
            dice=dice,
        )


def _leaves(at: Point, *, size: float, dice: random.Random) -> Outline:
    angles = np.linspace(0, 2 * math.pi, 15, endpoint=False)
    return blob(
        [
            (
                at[0] + size * dice.uniform(0.7, 1.15) * math.cos(a) * 1.2,
                at[1] + size * dice.uniform(0.65, 1.1) * math.sin(a) * 0.8,
            )
            for a in angles
        ],
        smoothness=3,
    )
