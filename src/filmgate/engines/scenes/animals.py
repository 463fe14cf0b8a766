"""Cats and dogs as outlines: dancing on two legs, trotting, or sitting with their back to us."""

import math

from filmgate.engines.scenes.breeds import Breed, head
from filmgate.engines.scenes.brief import Action
from filmgate.engines.scenes.dancing import dancing
from filmgate.engines.scenes.shapes import Coat, Outline, Part, blob, limb, oval, polygon


def animal(breed: Breed, action: Action, seconds: float) -> list[Part]:
    """About 0.85 m high when it dances, 0.6 m when it sits, 0.6 m when it walks."""
    match action:
        case Action.DANCE:
            return dancing(breed, seconds)
        case Action.WALK:
            return _dark(_trotting(breed, seconds))
        case Action.REST:
            return _dark(_sitting(breed, seconds))


def _dark(outlines: list[Outline]) -> list[Part]:
    return [(Coat.DARK, outline) for outline in outlines]


def _sitting(breed: Breed, seconds: float) -> list[Outline]:
    breath = 0.004 * math.sin(seconds * 1.9)
    look = 0.10 * math.sin(seconds * 0.55) + 0.03 * math.sin(seconds * 1.3)
    sway = math.sin(seconds * 1.25)
    bulk = breed.bulk
    body = blob(
        [
            (0, 0.0),
            (0.13 * bulk, 0.005),
            (0.19 * bulk, 0.07),
            (0.165 * bulk, 0.19),
            (0.10 * bulk + breath, 0.34),
            (0.06, 0.42),
            (-0.06, 0.42),
            (-0.10 * bulk - breath, 0.34),
            (-0.165 * bulk, 0.19),
            (-0.19 * bulk, 0.07),
            (-0.13 * bulk, 0.005),
        ]
    )
    tail = [(0.12, 0.035)]
    for step in range(1, 6):
        way = step / 5
        tail.append(
            (
                0.12 + 0.34 * way * breed.tail,
                0.030 + 0.10 * way * way * (1 + sway) + 0.02 * math.sin(3 * way + seconds),
            )
        )
    return [
        body,
        limb(tail, [0.035, 0.034, 0.032, 0.030, 0.027, 0.022]),
        *head(breed, (0.35 * look, 0.475), tilt=-look * 0.6),
    ]


def _trotting(breed: Breed, seconds: float) -> list[Outline]:
    """Seen from the side, going right."""
    stride = 2 * math.pi * 1.7 * seconds
    bob = 0.012 * math.sin(2 * stride)
    bulk = breed.bulk
    back = [(-0.25, 0.345 + bob), (-0.08, 0.355 + bob), (0.10, 0.345 + bob), (0.24, 0.375 + bob)]
    parts = [limb(back, [0.078 * bulk, 0.080 * bulk, 0.084 * bulk, 0.075 * bulk])]
    for hip, phase in (
        (-0.25, 0.0),
        (-0.25, math.pi),
        (0.22, math.pi * 0.9),
        (0.22, math.pi * 1.9),
    ):
        parts.extend(_trotting_leg(hip, 0.33 + bob, stride + phase))
    head = (0.375, 0.475 + bob)
    parts.append(limb([(0.24, 0.39 + bob), (0.31, 0.44 + bob), head], [0.07, 0.058, 0.055]))
    parts.append(oval(*head, across=0.082, up=0.070))
    parts.append(
        limb([head, (head[0] + 0.06 + 0.055 * breed.snout, head[1] - 0.022)], [0.05, 0.030])
    )
    if breed.has_pointed_ears:
        parts += [
            polygon(
                (head[0] + dx - 0.035, head[1] + 0.04),
                (head[0] + dx, head[1] + 0.135),
                (head[0] + dx + 0.04, head[1] + 0.045),
            )
            for dx in (-0.03, 0.03)
        ]
    else:
        parts.append(
            limb(
                [(head[0] - 0.03, head[1] + 0.05), (head[0] - 0.075, head[1] - 0.02 + bob)],
                [0.03, 0.026],
            )
        )
    wag = 0.05 * math.sin(stride)
    parts.append(
        limb(
            [
                (-0.30, 0.38 + bob),
                (-0.40, 0.45 + bob),
                (-0.43 + wag, 0.56 * (0.6 + 0.4 * breed.tail)),
                (-0.40 + 1.6 * wag, 0.70 * (0.6 + 0.4 * breed.tail)),
            ],
            [0.034, 0.030, 0.027, 0.021],
        )
    )
    return parts


def _trotting_leg(hip: float, height: float, phase: float) -> list[Outline]:
    swing = math.sin(phase)
    lift = max(0.0, math.cos(phase)) * 0.06
    knee = (hip + 0.045 * swing + 0.015, height * 0.52 + lift * 0.6)
    foot = (hip + 0.13 * swing, 0.022 + lift)
    return [
        limb(
            [(hip, height), knee, foot, (foot[0] + 0.03, foot[1] - 0.004)],
            [0.062, 0.034, 0.025, 0.022],
        )
    ]
