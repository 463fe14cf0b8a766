"""Cats and dogs as outlines: dancing on two legs, trotting, or sitting with their back to us."""

import math
from dataclasses import dataclass

from filmgate.engines.scenes.brief import Action
from filmgate.engines.scenes.shapes import (
    Coat,
    Outline,
    Part,
    Point,
    blob,
    limb,
    oval,
    polygon,
    turned,
)

BEAT = 1.9
"""Steps a second, of whoever dances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breed:
    has_pointed_ears: bool
    snout: float
    bulk: float
    tail: float


CAT = Breed(has_pointed_ears=True, snout=0.0, bulk=1.0, tail=1.0)
DOG = Breed(has_pointed_ears=False, snout=1.0, bulk=1.12, tail=0.7)


def animal(breed: Breed, action: Action, seconds: float) -> list[Part]:
    """About 0.85 m high when it dances, 0.6 m when it sits, 0.6 m when it walks."""
    match action:
        case Action.DANCE:
            return _dark(_dancing(breed, seconds)) + _eyes(*_dancing_head(seconds), seconds)
        case Action.WALK:
            return _dark(_trotting(breed, seconds))
        case Action.REST:
            return _dark(_sitting(breed, seconds))


def _dark(outlines: list[Outline]) -> list[Part]:
    return [(Coat.DARK, outline) for outline in outlines]


def _dancing(breed: Breed, seconds: float) -> list[Outline]:
    beat = math.pi * BEAT * seconds
    swing, bounce = math.sin(beat), abs(math.cos(beat))
    lift = 0.045 * bounce
    twist = 0.35 * math.sin(beat * 0.5)
    hip = (0.050 * swing, 0.235 + lift)
    chest = (-0.025 * swing + 0.02 * twist, 0.475 + lift)
    head, tilt = _dancing_head(seconds)
    bulk = breed.bulk
    return [
        limb(
            [hip, ((hip[0] + chest[0]) / 2, 0.355 + lift), chest, (head[0] * 0.7, 0.575 + lift)],
            [0.152 * bulk, 0.140 * bulk, 0.112 * bulk, 0.08 * bulk],
        ),
        *_legs(hip, swing, lift),
        *_arms(chest, beat),
        _dancing_tail(hip, beat, breed),
        *_head(breed, head, tilt=tilt),
    ]


def _dancing_head(seconds: float) -> tuple[Point, float]:
    """Where it is, and how far it leans over."""
    beat = math.pi * BEAT * seconds
    lift = 0.045 * abs(math.cos(beat))
    at = (-0.085 * math.sin(beat), 0.690 + lift + 0.012 * math.sin(2 * beat))
    return at, 0.22 * math.sin(beat)


def _eyes(head: Point, tilt: float, seconds: float) -> list[Part]:
    open_ = 1.0 if seconds % 2.6 < 2.45 else 0.12
    parts = []
    for side in (-1, 1):
        almond = oval(side * 0.060, 0.002, across=0.024, up=0.019 * open_, tilt=side * 0.35)
        pupil = oval(side * 0.058, 0.002, across=0.006, up=0.017 * open_)
        parts += [
            (Coat.BRIGHT, turned(almond, tilt) + head),
            (Coat.DARK, turned(pupil, tilt) + head),
        ]
    return parts


def _legs(hip: Point, swing: float, lift: float) -> list[Outline]:
    legs = []
    for side in (-1, 1):
        raised = max(0.0, swing * side)
        foot = (side * (0.115 + 0.05 * raised), 0.022 + 0.10 * raised)
        knee = (hip[0] * 0.5 + side * (0.125 + 0.03 * raised), 0.13 + 0.07 * raised + lift * 0.5)
        toe = (foot[0] + side * 0.055, foot[1] - 0.004)
        legs.append(
            limb([(hip[0] + side * 0.07, hip[1] - 0.03), knee, foot], [0.088, 0.062, 0.042])
        )
        legs.append(limb([foot, toe], [0.041, 0.034]))
    return legs


def _arms(chest: Point, beat: float) -> list[Outline]:
    arms = []
    for side in (-1, 1):
        wave = math.sin(beat + side * 0.9)
        up = 0.55 + 0.65 * wave * side
        shoulder = (chest[0] + side * 0.085, chest[1] + 0.035)
        elbow = (
            shoulder[0] + side * 0.105 * math.cos(up - 0.35),
            shoulder[1] + 0.115 * math.sin(up - 0.35),
        )
        bend = up + 0.55 + 0.25 * math.sin(2 * beat)
        paw = (elbow[0] + side * 0.115 * math.cos(bend), elbow[1] + 0.115 * math.sin(bend))
        arms.append(limb([shoulder, elbow, paw], [0.056, 0.046, 0.040]))
        arms.append(oval(*paw, across=0.046, up=0.043))
    return arms


def _dancing_tail(hip: Point, beat: float, breed: Breed) -> Outline:
    points = []
    for step in range(7):
        way = step / 6
        curl = 0.075 * math.sin(beat - 3.6 * way) * way
        points.append(
            (
                hip[0] + 0.09 + breed.tail * (0.36 * way - 0.10 * way * way),
                hip[1] - 0.10 + breed.tail * (0.38 * way * way) + curl,
            )
        )
    return limb(points, [0.042, 0.040, 0.038, 0.036, 0.034, 0.031, 0.026])


def _head(breed: Breed, at: Point, *, tilt: float) -> list[Outline]:
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
        *_head(breed, (0.35 * look, 0.475), tilt=-look * 0.6),
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
