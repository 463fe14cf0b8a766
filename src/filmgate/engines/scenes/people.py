"""A person as an outline: standing in a long coat, walking, or dancing. About 1.75 m high."""

import math

from filmgate.engines.scenes.brief import Action
from filmgate.engines.scenes.dancing import BEAT
from filmgate.engines.scenes.shapes import Outline, Point, blob, limb, moved, oval


def person(action: Action, seconds: float, *, has_umbrella: bool) -> list[Outline]:
    match action:
        case Action.DANCE:
            return _dancing(seconds)
        case Action.WALK:
            return _walking(seconds, has_umbrella=has_umbrella)
        case Action.REST:
            return _standing(seconds, has_umbrella=has_umbrella)


def _head(x: float, y: float) -> list[Outline]:
    return [
        oval(x, y, across=0.088, up=0.118),
        limb([(x, y - 0.09), (x * 0.9, y - 0.18)], [0.05, 0.06]),
    ]


def _leg(hip: Point, knee: Point, foot: Point, *, toe: float) -> list[Outline]:
    return [
        limb([hip, knee, foot], [0.095, 0.066, 0.045]),
        limb([(foot[0], foot[1] - 0.012), (foot[0] + toe, foot[1] - 0.022)], [0.042, 0.030]),
    ]


def _standing(seconds: float, *, has_umbrella: bool) -> list[Outline]:
    sway = 0.012 * math.sin(seconds * 0.9)
    wind = 0.03 * math.sin(seconds * 1.4) + 0.02 * math.sin(seconds * 2.3)
    coat = blob(
        [
            (-0.20, 1.40),
            (0.0, 1.47),
            (0.20, 1.40),
            (0.215, 1.10),
            (0.185, 0.92),
            (0.25 + wind, 0.50),
            (0.10 + wind, 0.46),
            (-0.12 + 0.5 * wind, 0.46),
            (-0.24 + 0.5 * wind, 0.50),
            (-0.185, 0.92),
            (-0.215, 1.10),
        ]
    )
    parts = [coat, *_head(sway, 1.63)]
    for side in (-1, 1):
        parts += _leg(
            (side * 0.09, 0.85), (side * 0.105, 0.48), (side * 0.11, 0.05), toe=side * 0.06
        )
    parts.append(limb([(-0.19, 1.36), (-0.25, 1.12), (-0.235, 0.88)], [0.068, 0.055, 0.042]))
    if has_umbrella:
        return parts + _umbrella((0.19, 1.34), tilt=sway)
    return [*parts, limb([(0.19, 1.36), (0.25, 1.12), (0.235, 0.88)], [0.068, 0.055, 0.042])]


def _umbrella(shoulder: Point, *, tilt: float) -> list[Outline]:
    hand = (0.27, 1.30)
    top = (0.16 + tilt, 2.22)
    ribs = [
        (top[0] + dx, top[1] - drop)
        for dx, drop in (
            (-0.62, 0.34),
            (-0.50, 0.16),
            (-0.28, 0.04),
            (0, 0),
            (0.28, 0.04),
            (0.50, 0.16),
            (0.62, 0.34),
            (0.42, 0.29),
            (0.20, 0.31),
            (0, 0.28),
            (-0.20, 0.31),
            (-0.42, 0.29),
        )
    ]
    return [
        limb([shoulder, (0.33, 1.14), hand], [0.066, 0.052, 0.042]),
        limb([hand, top], [0.013, 0.013]),
        blob(ribs),
    ]


def _walking(seconds: float, *, has_umbrella: bool) -> list[Outline]:
    stride = 2 * math.pi * 0.95 * seconds
    bob = 0.022 * math.cos(2 * stride)
    lean = 0.05
    parts = [
        limb([(0, 0.92 + bob), (lean * 0.6, 1.18 + bob), (lean, 1.40 + bob)], [0.14, 0.15, 0.165]),
        *_head(lean + 0.03, 1.63 + bob),
    ]
    for phase in (0.0, math.pi):
        swing = math.sin(stride + phase)
        lift = max(0.0, math.cos(stride + phase))
        knee = (0.20 * swing + 0.05 + 0.06 * lift, 0.50 + bob + 0.05 * lift)
        foot = (0.36 * swing - 0.10 * lift, 0.05 + 0.16 * lift * (0.6 - 0.4 * swing))
        parts += _leg((0.0, 0.92 + bob), knee, foot, toe=0.13)
        if has_umbrella and phase == 0.0:
            continue
        parts.append(
            limb(
                [
                    (lean, 1.40 + bob),
                    (lean - 0.16 * swing, 1.14 + bob),
                    (lean - 0.26 * swing + 0.10, 0.93 + bob),
                ],
                [0.068, 0.054, 0.040],
            )
        )
    if has_umbrella:
        parts += [moved(part, 0.0, bob) for part in _umbrella((lean, 1.38), tilt=0.05)]
    return parts


def _dancing(seconds: float) -> list[Outline]:
    beat = math.pi * BEAT * 0.8 * seconds
    swing, turn = math.sin(beat), math.sin(beat * 0.5)
    lift = 0.05 * abs(math.cos(beat))
    hip, chest = (0.07 * swing, 0.93 + lift), (-0.05 * swing, 1.38 + lift)
    skirt = blob(
        [
            (hip[0] - 0.13, 1.12 + lift),
            (hip[0] + 0.13, 1.12 + lift),
            (hip[0] + 0.20 + 0.05 * turn, 0.86 + lift),
            (hip[0] + 0.36 - 0.10 * swing, 0.62 + lift),
            (hip[0] + 0.05, 0.57 + lift),
            (hip[0] - 0.36 - 0.10 * swing, 0.62 + lift),
            (hip[0] - 0.20 + 0.05 * turn, 0.86 + lift),
        ]
    )
    parts = [
        limb([hip, (0.0, 1.14 + lift), chest], [0.13, 0.115, 0.15]),
        skirt,
        *_head(-0.10 * swing, 1.62 + lift),
    ]
    for side in (-1, 1):
        raised = max(0.0, swing * side)
        knee = (hip[0] + side * (0.13 + 0.16 * raised), 0.50 + 0.20 * raised + lift)
        foot = (side * (0.14 + 0.22 * raised), 0.05 + 0.26 * raised)
        parts += _leg((hip[0] + side * 0.07, hip[1] - 0.02), knee, foot, toe=side * 0.10)
        up = 0.9 + 0.5 * math.sin(beat + side)
        elbow = (chest[0] + side * (0.14 + 0.24 * math.cos(up)), chest[1] + 0.24 * math.sin(up))
        bend = up + 0.5 + 0.4 * math.sin(beat * 1.5 + side)
        hand = (elbow[0] + side * 0.26 * math.cos(bend), elbow[1] + 0.26 * math.sin(bend))
        parts.append(
            limb([(chest[0] + side * 0.11, chest[1] + 0.03), elbow, hand], [0.062, 0.048, 0.034])
        )
    return parts
