"""Cats and dogs dancing on two legs, as outlines about 0.85 m high."""

import math

from filmgate.engines.scenes.breeds import Breed, head
from filmgate.engines.scenes.shapes import Coat, Outline, Part, Point, limb, oval, turned

BEAT = 1.9
"""Steps a second."""


def dancing(breed: Breed, seconds: float) -> list[Part]:
    body = _body(breed, seconds)
    return [(Coat.DARK, outline) for outline in body] + _eyes(*_pose_of_head(seconds), seconds)


def _body(breed: Breed, seconds: float) -> list[Outline]:
    beat = math.pi * BEAT * seconds
    swing, bounce = math.sin(beat), abs(math.cos(beat))
    lift = 0.045 * bounce
    twist = 0.35 * math.sin(beat * 0.5)
    hip = (0.050 * swing, 0.235 + lift)
    chest = (-0.025 * swing + 0.02 * twist, 0.475 + lift)
    at, tilt = _pose_of_head(seconds)
    bulk = breed.bulk
    return [
        limb(
            [hip, ((hip[0] + chest[0]) / 2, 0.355 + lift), chest, (at[0] * 0.7, 0.575 + lift)],
            [0.152 * bulk, 0.140 * bulk, 0.112 * bulk, 0.08 * bulk],
        ),
        *_legs(hip, swing, lift),
        *_arms(chest, beat),
        _tail(hip, beat, breed),
        *head(breed, at, tilt=tilt),
    ]


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


def _tail(hip: Point, beat: float, breed: Breed) -> Outline:
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


def _pose_of_head(seconds: float) -> tuple[Point, float]:
    """Where it is, and how far it leans over."""
    beat = math.pi * BEAT * seconds
    lift = 0.045 * abs(math.cos(beat))
    at = (-0.085 * math.sin(beat), 0.690 + lift + 0.012 * math.sin(2 * beat))
    return at, 0.22 * math.sin(beat)


def _eyes(at: Point, tilt: float, seconds: float) -> list[Part]:
    open_ = 1.0 if seconds % 2.6 < 2.45 else 0.12
    parts = []
    for side in (-1, 1):
        almond = oval(side * 0.060, 0.002, across=0.024, up=0.019 * open_, tilt=side * 0.35)
        pupil = oval(side * 0.058, 0.002, across=0.006, up=0.017 * open_)
        parts += [
            (Coat.BRIGHT, turned(almond, tilt) + at),
            (Coat.DARK, turned(pupil, tilt) + at),
        ]
    return parts
