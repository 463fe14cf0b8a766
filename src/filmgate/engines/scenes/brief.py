"""Brief: what a scene shows, in the few words that our painters understand."""

from dataclasses import dataclass
from enum import StrEnum


class Light(StrEnum):
    DAWN = "dawn"
    DAY = "day"
    SUNSET = "sunset"
    DUSK = "dusk"
    NIGHT = "night"
    OVERCAST = "overcast"


class Land(StrEnum):
    MOUNTAINS = "mountains"
    HILLS = "hills"
    FOREST = "forest"
    DESERT = "desert"
    SEA = "sea"
    CITY = "city"
    STREET = "street"


class Weather(StrEnum):
    CLEAR = "clear"
    RAIN = "rain"
    SNOW = "snow"
    FIREFLIES = "fireflies"
    EMBERS = "embers"
    PETALS = "petals"
    LEAVES = "leaves"


class Subject(StrEnum):
    CAT = "cat"
    DOG = "dog"
    PERSON = "person"
    TREE = "tree"
    BOAT = "boat"
    LIGHTHOUSE = "lighthouse"
    BALLOON = "balloon"
    BIRDS = "birds"

    @property
    def stands(self) -> bool:
        """Whether it needs ground under its feet, close to the camera."""
        return self in (Subject.CAT, Subject.DOG, Subject.PERSON, Subject.TREE)


class Action(StrEnum):
    REST = "rest"
    WALK = "walk"
    DANCE = "dance"


class Move(StrEnum):
    DRIFT = "drift"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    PUSH_IN = "push_in"
    PULL_OUT = "pull_out"
    RISE = "rise"
    STILL = "still"


class Grade(StrEnum):
    NATURAL = "natural"
    CINEMATIC = "cinematic"
    VIVID = "vivid"
    MONOCHROME = "monochrome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Everything that decides the frames, besides their size and number.

    `cloudiness` goes from 0 to 1. `chance` seeds whatever these words leave open.
    """

    light: Light
    land: Land
    weather: Weather
    has_water: bool
    has_fog: bool
    has_moon: bool
    has_aurora: bool
    has_lightning: bool
    is_wintry: bool
    cloudiness: float
    subjects: tuple[Subject, ...]
    action: Action
    move: Move
    grade: Grade
    chance: int
