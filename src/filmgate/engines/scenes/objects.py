"""A boat, a lighthouse, a balloon and birds, as outlines in a few colours; each is 1 high."""

import math

from filmgate.engines.scenes.shapes import (
    Coat,
    Outline,
    Part,
    blob,
    limb,
    oval,
    polygon,
    turned,
)


def boat(seconds: float) -> list[Part]:
    """A small sailing boat, rolling gently."""
    roll = 0.035 * math.sin(seconds * 1.1) + 0.015 * math.sin(seconds * 1.9)
    belly = 0.02 * math.sin(seconds * 0.7)
    hull = blob(
        [
            (-0.36, 0.10),
            (-0.20, 0.075),
            (0.1, 0.07),
            (0.42, 0.125),
            (0.30, 0.02),
            (0.18, -0.03),
            (-0.22, -0.03),
            (-0.31, 0.02),
        ]
    )
    mainsail = blob(
        [
            (0.025, 0.155),
            (0.02, 0.5),
            (0.012, 0.965),
            (-0.13 - belly, 0.55),
            (-0.30 - belly, 0.165),
            (-0.14, 0.145),
        ]
    )
    jib = blob(
        [
            (0.055, 0.88),
            (0.11, 0.55),
            (0.38, 0.16),
            (0.20 + belly, 0.155),
            (0.075, 0.17),
            (0.06, 0.5),
        ]
    )
    parts = [
        (Coat.PALE, mainsail),
        (Coat.PALE, jib),
        (Coat.DARK, limb([(0.035, 0.06), (0.03, 1.0)], [0.011, 0.007])),
        (Coat.DARK, limb([(0.03, 0.14), (-0.32, 0.15)], [0.009, 0.007])),
        (Coat.DARK, hull),
        (
            Coat.BRIGHT,
            blob(
                [
                    (-0.33, 0.06),
                    (0.0, 0.035),
                    (0.36, 0.075),
                    (0.34, 0.055),
                    (0.0, 0.015),
                    (-0.32, 0.04),
                ]
            ),
        ),
        *((Coat.DARK, part) for part in _sailor()),
    ]
    return [(coat, turned(part, roll)) for coat, part in parts]


def _sailor() -> list[Outline]:
    return [
        limb([(-0.20, 0.10), (-0.19, 0.20)], [0.034, 0.026]),
        oval(-0.188, 0.25, across=0.022, up=0.026),
    ]


def lighthouse(_seconds: float) -> list[Part]:
    """On its rock."""
    tower = polygon((-0.075, 0.16), (-0.052, 0.80), (0.052, 0.80), (0.075, 0.16))
    bands = [
        (
            Coat.BRIGHT,
            polygon(
                *(
                    (side * (0.075 - 0.023 * (y - 0.16) / 0.64), y)
                    for side, y in ((-1, low), (-1, low + 0.11), (1, low + 0.11), (1, low))
                )
            ),
        )
        for low in (0.27, 0.49, 0.69)
    ]
    rock = blob(
        [
            (-0.52, -0.02),
            (-0.36, 0.07),
            (-0.25, 0.12),
            (-0.12, 0.18),
            (0.05, 0.19),
            (0.16, 0.16),
            (0.27, 0.10),
            (0.44, 0.05),
            (0.58, -0.02),
            (0, -0.03),
        ]
    )
    return [
        (Coat.PALE, tower),
        *bands,
        (Coat.DARK, polygon((-0.078, 0.80), (-0.078, 0.825), (0.078, 0.825), (0.078, 0.80))),
        (Coat.PALE, polygon((-0.040, 0.825), (-0.040, 0.895), (0.040, 0.895), (0.040, 0.825))),
        (
            Coat.DARK,
            blob([(-0.055, 0.895), (-0.02, 0.945), (0, 0.985), (0.02, 0.945), (0.055, 0.895)]),
        ),
        (Coat.DARK, polygon((0.13, 0.14), (0.13, 0.25), (0.19, 0.30), (0.25, 0.25), (0.25, 0.11))),
        (Coat.DARK, rock),
    ]


def balloon(seconds: float) -> list[Part]:
    """A hot-air balloon with upright stripes."""
    sway = 0.03 * math.sin(seconds * 0.6)
    parts = []
    for number, (left, right) in enumerate(
        ((-1.0, 1.0), (-0.72, 0.72), (-0.38, 0.38), (-0.12, 0.12))
    ):
        gore = blob(
            [
                (0, 1.0),
                (right * 0.23, 0.94),
                (right * 0.36, 0.74),
                (right * 0.31, 0.52),
                (right * 0.10, 0.24),
                (left * 0.10, 0.24),
                (left * 0.31, 0.52),
                (left * 0.36, 0.74),
                (left * 0.23, 0.94),
            ]
        )
        parts.append((Coat.BRIGHT if number % 2 == 0 else Coat.PALE, gore))
    parts += [
        (Coat.DARK, limb([(side * 0.075, 0.25), (side * 0.045, 0.09)], [0.004, 0.004]))
        for side in (-1, 1)
    ]
    parts.append((Coat.DARK, polygon((-0.055, 0.10), (0.055, 0.10), (0.045, 0.0), (-0.045, 0.0))))
    return [(coat, turned(part, sway)) for coat, part in parts]


def birds(seconds: float) -> list[Part]:
    """A loose arrow of birds; 1 is the span of the flock."""
    parts = []
    for number in range(9):
        rank = (number + 1) // 2
        side = 1 if number % 2 else -1
        x = -0.105 * rank + 0.02 * math.sin(number * 2.4 + seconds * 0.5)
        y = 0.075 * rank * side + 0.025 * math.sin(number * 1.7 + seconds * 0.7)
        flap = math.sin(seconds * (5.4 + 0.25 * math.sin(number)) + number * 1.3)
        parts.append((Coat.DARK, _bird(flap) * (0.055 - 0.001 * number) + (x, y + 0.4)))
    return parts


def _bird(flap: float) -> Outline:
    """Seen from behind and below, its wings 2 across."""
    lift = 0.50 * flap
    return polygon(
        (0, -0.09),
        (0.14, 0.0),
        (0.50, 0.16 + lift * 0.62),
        (0.80, 0.08 + lift * 0.9),
        (1.0, -0.06 + lift),
        (0.76, -0.02 + lift * 0.72),
        (0.45, 0.02 + lift * 0.42),
        (0.12, -0.12),
        (0, -0.20),
        (-0.12, -0.12),
        (-0.45, 0.02 + lift * 0.42),
        (-0.76, -0.02 + lift * 0.72),
        (-1.0, -0.06 + lift),
        (-0.80, 0.08 + lift * 0.9),
        (-0.50, 0.16 + lift * 0.62),
        (-0.14, 0.0),
    )
