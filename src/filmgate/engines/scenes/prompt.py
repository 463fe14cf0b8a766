"""Reading a prompt: keywords decide what they can, and the seed decides the rest."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from filmgate.engines.scenes import vocabulary
from filmgate.engines.scenes.brief import (
    Action,
    Brief,
    Grade,
    Land,
    Light,
    Move,
    Subject,
    Weather,
)
from filmgate.engines.scenes.vocabulary import Words

Meaning = TypeVar("Meaning")


def read_prompt(prompt: str, seed: int) -> Brief:
    """The same prompt and seed give the same brief.

    What the prompt leaves open is the seed's alone to decide, so another prompt with the same seed keeps it.
    """
    text = vocabulary.NEGATED.sub(" ", prompt.lower())
    dice = _Dice(seed)
    subjects = tuple(_all(vocabulary.SUBJECTS, text))[:3]
    weather = _first(vocabulary.WEATHERS, text) or Weather.CLEAR
    land = _land(text, subjects, weather=weather, dice=dice)
    light = _light(text, land=land, weather=weather, dice=dice)
    return Brief(
        light=light,
        land=land,
        weather=weather,
        has_water=_has_water(text, land=land, dice=dice),
        has_fog=vocabulary.FOG.found_in(text),
        has_moon=vocabulary.MOON.found_in(text) or dice.share("moon") < 0.7,
        has_aurora=vocabulary.AURORA.found_in(text),
        has_lightning=vocabulary.LIGHTNING.found_in(text),
        is_wintry=vocabulary.WINTER.found_in(text),
        cloudiness=_cloudiness(text, light=light, dice=dice),
        subjects=subjects,
        action=_first(vocabulary.ACTIONS, text) or Action.REST,
        move=_first(vocabulary.MOVES, text) or dice.choice("move", (Move.DRIFT, Move.PUSH_IN)),
        grade=_first(vocabulary.GRADES, text) or Grade.NATURAL,
        chance=dice.chance,
    )


class _Dice:
    """A throw for each question, so that a prompt that answers one changes nothing for the others."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @property
    def chance(self) -> int:
        """What all painters' dice begin with."""
        return int.from_bytes(hashlib.sha256(str(self._seed).encode()).digest()[:8], "little")

    def share(self, question: str) -> float:
        """From 0 to below 1."""
        return random.Random(f"{self._seed}:{question}").random()

    def choice(self, question: str, answers: Sequence[Meaning]) -> Meaning:
        return answers[int(self.share(question) * len(answers))]


def _all(table: Mapping[Meaning, Words], text: str) -> list[Meaning]:
    return [meaning for meaning, words in table.items() if words.found_in(text)]


def _first(table: Mapping[Meaning, Words], text: str) -> Meaning | None:
    return next(iter(_all(table, text)), None)


def _land(text: str, subjects: tuple[Subject, ...], *, weather: Weather, dice: _Dice) -> Land:
    named = _first(vocabulary.LANDS, text)
    has_performer = any(
        subject in (Subject.CAT, Subject.DOG, Subject.PERSON) for subject in subjects
    )
    if named is Land.CITY and has_performer:
        return Land.STREET
    if named is not None:
        return named
    if has_performer and weather is Weather.RAIN:
        return Land.STREET  # someone out in the rain: wet ground and blurred lights suit them best
    if Subject.BOAT in subjects:
        return Land.SEA
    if any(subject.stands for subject in subjects):
        return Land.HILLS
    return dice.choice("land", (Land.MOUNTAINS, Land.MOUNTAINS, Land.HILLS, Land.FOREST, Land.SEA))


def _light(text: str, *, land: Land, weather: Weather, dice: _Dice) -> Light:
    named = _first(vocabulary.LIGHTS, text)
    if named is not None:
        return named
    if land is Land.STREET:
        return Light.NIGHT
    likely = {
        Weather.RAIN: (Light.OVERCAST,),
        Weather.FIREFLIES: (Light.DUSK, Light.NIGHT),
        Weather.EMBERS: (Light.DUSK, Light.SUNSET),
        Weather.SNOW: (Light.DAWN, Light.OVERCAST, Light.DUSK),
        Weather.PETALS: (Light.DAY, Light.DAWN),
        Weather.LEAVES: (Light.DAY, Light.SUNSET),
    }
    return dice.choice("light", likely.get(weather, (Light.DAY, Light.SUNSET, Light.DAWN)))


def _has_water(text: str, *, land: Land, dice: _Dice) -> bool:
    if land in (Land.SEA, Land.STREET, Land.CITY) or vocabulary.WATER.found_in(text):
        return True
    if land in (Land.DESERT, Land.HILLS):
        return False
    return dice.share("water") < 0.65


def _cloudiness(text: str, *, light: Light, dice: _Dice) -> float:
    if vocabulary.CLEAR_SKY.found_in(text):
        return 0.05
    share = dice.share("clouds")
    if light is Light.OVERCAST:
        return 0.75 + 0.20 * share
    if vocabulary.CLOUDS.found_in(text):
        return 0.60 + 0.15 * share
    return 0.30 + 0.25 * share
