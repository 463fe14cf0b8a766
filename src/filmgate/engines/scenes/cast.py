"""The cast: where whatever the prompt names stands in the picture, how large, and on its way where to."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from filmgate.engines.scenes.animals import animal
from filmgate.engines.scenes.breeds import CAT, DOG
from filmgate.engines.scenes.brief import Action, Brief, Land, Light, Subject, Weather
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import Canvas
from filmgate.engines.scenes.kernel import Floats
from filmgate.engines.scenes.objects import balloon, birds, boat, lighthouse
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.people import person
from filmgate.engines.scenes.setting import Setting
from filmgate.engines.scenes.shapes import Coat, Part
from filmgate.engines.scenes.silhouette import Dress, paint_silhouette
from filmgate.engines.scenes.stage import CREST
from filmgate.engines.scenes.tree import tree

_PERFORMERS = (Subject.CAT, Subject.DOG, Subject.PERSON)
_METRES = {Subject.CAT: 0.85, Subject.DOG: 0.85, Subject.PERSON: 1.75}
"""How high a size of 1 is in the units of the subject's outlines; 1 where it is not named."""


class _Course(NamedTuple):
    """How a subject crosses the picture by itself: to the right, fastest after `_MIDDLE` seconds.

    `reach`, in widths of the picture, is what it never quite comes to on either side; in `pace` seconds
    it has done half of that.
    """

    reach: float
    pace: float


_COURSES = {
    Subject.BOAT: _Course(reach=0.24, pace=30.0),
    Subject.BALLOON: _Course(reach=0.18, pace=30.0),
    Subject.BIRDS: _Course(reach=0.36, pace=12.0),
}
_WALK = _Course(reach=0.18, pace=4.0)
_STAY = _Course(reach=0.0, pace=1.0)
_MIDDLE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Shares of the picture's width and height. `near` is how much the camera's moves shift it."""

    x: float
    foot: float
    size: float
    near: float


class Actor:
    """One subject, as a layer of the scene."""

    def __init__(self, setting: Setting, subject: Subject) -> None:
        self._setting, self._subject = setting, subject
        self._spot = _spot(setting, subject)
        self._coats = _coats(setting, subject)
        self._rim = _rim(setting, subject)
        self._tree = tree(setting.dice("tree"))

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        lens, view, spot = canvas.lens, moment.view, self._spot
        zoom = 1 + view.closer * spot.near
        size = spot.size * 1.25 * min(lens.width, 0.8 * lens.height) * zoom
        x = view.centre + ((spot.x - 0.5) * zoom - view.slide * 0.10 * spot.near) * lens.width
        x += self._way(moment) * lens.width
        foot = view.horizon + (spot.foot * lens.height - lens.horizon) * zoom
        scale = size / _METRES.get(self._subject, 1.0)
        parts = [
            (coat, outline * (scale, -scale) + (x, foot))
            for coat, outline in self._parts(moment.seconds)
        ]
        dress = Dress(
            coats=self._coats,
            rim=self._rim,
            rim_width=0.6 + 2.2 * lens.unit * spot.near,
            rim_side=self._setting.sun.side,
        )
        paint_silhouette(canvas, parts, dress, foot=foot)

    def _way(self, moment: Moment) -> float:
        """How far it has gone by itself, in widths of the picture to the right."""
        course = _COURSES.get(self._subject, _STAY)
        if self._subject in _PERFORMERS and self._setting.brief.action is Action.WALK:
            course = _WALK
        since = moment.seconds - _MIDDLE
        return course.reach * since / (abs(since) + course.pace)

    def _parts(self, seconds: float) -> list[Part]:
        brief = self._setting.brief
        match self._subject:
            case Subject.CAT:
                return animal(CAT, brief.action, seconds)
            case Subject.DOG:
                return animal(DOG, brief.action, seconds)
            case Subject.PERSON:
                is_wet = brief.weather is Weather.RAIN
                outlines = person(brief.action, seconds, has_umbrella=is_wet)
                return [(Coat.DARK, outline) for outline in outlines]
            case Subject.TREE:
                return self._tree
            case thing:
                return _THINGS[thing](seconds)


_THINGS = {
    Subject.BOAT: boat,
    Subject.BALLOON: balloon,
    Subject.BIRDS: birds,
    Subject.LIGHTHOUSE: lighthouse,
}


def _spot(setting: Setting, subject: Subject) -> _Spot:
    water = setting.lens.horizon / setting.lens.height
    away = -setting.sun.side  # opposite the sun, where the picture has room
    match subject:
        case Subject.TREE:
            return _Spot(x=0.5 - away * 0.24, foot=CREST + 0.005, size=0.62, near=1.0)
        case Subject.BOAT:
            return _Spot(x=0.5 + away * 0.14, foot=water + 0.075, size=0.27, near=0.5)
        case Subject.LIGHTHOUSE:
            return _Spot(x=0.5 + away * 0.26, foot=water + 0.035, size=0.42, near=0.3)
        case Subject.BALLOON:
            return _Spot(x=0.5 + away * 0.13, foot=water * 0.62, size=0.30, near=0.35)
        case Subject.BIRDS:
            return _Spot(x=0.5 + away * 0.05, foot=water * 0.55, size=0.34, near=0.2)
        case _:
            return _performer_spot(setting.brief, subject, away=away)


def _performer_spot(brief: Brief, subject: Subject, *, away: int) -> _Spot:
    """In the middle of a street, large; beside the sun on open ground, smaller."""
    company = [other for other in brief.subjects if other in _PERFORMERS]
    aside = 0.22 * (company.index(subject) - (len(company) - 1) / 2)
    is_person = subject is Subject.PERSON
    if brief.land is Land.STREET:
        return _Spot(x=0.5 + aside, foot=0.915, size=0.58 if is_person else 0.52, near=1.0)
    size = 0.34 if is_person else 0.27
    return _Spot(x=0.5 + away * 0.17 + aside, foot=CREST + 0.005, size=size, near=1.0)


def _coats(setting: Setting, subject: Subject) -> Floats:
    """The subject's colours in the light of the scene, by Coat."""
    palette, weather = setting.palette, setting.brief.weather
    light = palette.ambient * np.float32(0.75) + palette.sun * np.float32(0.16)
    dark = linear("141418", 0.45) * (np.float32(0.25) + light)
    pale = linear("f6efe2", 1.03) * light
    if subject in _PERFORMERS:
        return np.stack([dark, pale, linear("ffc54a", 1.1)])  # eyes catch whatever light there is
    if subject is Subject.TREE:
        leaves = {Weather.PETALS: "f2a0b8", Weather.LEAVES: "d8742a"}.get(weather, "4a6a38")
        return np.stack([dark, pale, linear(leaves, 0.7) * light])
    paint = setting.dice("paint").choice(("c8402e", "d8742a", "2f6f9f", "b83a5a"))
    return np.stack([dark, pale, linear(paint, 1.04) * light])


def _rim(setting: Setting, subject: Subject) -> Floats:
    """The light on its edge: strongest against a low sun, faint by day."""
    if setting.brief.land is Land.STREET:
        return linear("ffd2a0", 1.5)
    palette = setting.palette
    is_flat = setting.brief.light in (Light.DAY, Light.OVERCAST) or subject is Subject.TREE
    strength = np.float32(0.12 if is_flat else 0.55)
    return strength * (palette.sun + palette.glow)
