"""Reading a prompt: keywords decide what they can, and chance, seeded by the prompt, decides the rest."""

import hashlib
import random
from collections.abc import Mapping
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


def read_prompt(prompt: str, seed: int | None = None) -> Brief:
    """The same prompt and seed give the same brief; without a seed the prompt is its own."""
    text = vocabulary.NEGATED.sub(" ", prompt.lower())
    chance = _chance(prompt, seed)
    dice = random.Random(chance)
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
        has_moon=vocabulary.MOON.found_in(text) or dice.random() < 0.7,
        has_aurora=vocabulary.AURORA.found_in(text),
        has_lightning=vocabulary.LIGHTNING.found_in(text),
        is_wintry=vocabulary.WINTER.found_in(text),
        cloudiness=_cloudiness(text, light=light, dice=dice),
        subjects=subjects,
        action=_first(vocabulary.ACTIONS, text) or Action.REST,
        move=_first(vocabulary.MOVES, text) or dice.choice((Move.DRIFT, Move.PUSH_IN)),
        grade=_first(vocabulary.GRADES, text) or Grade.NATURAL,
        chance=chance,
    )


def _chance(prompt: str, seed: int | None) -> int:
    text = prompt if seed is None else f"{seed}\n{prompt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def _all(table: Mapping[Meaning, Words], text: str) -> list[Meaning]:
    return [meaning for meaning, words in table.items() if words.found_in(text)]


def _first(table: Mapping[Meaning, Words], text: str) -> Meaning | None:
    return next(iter(_all(table, text)), None)


def _land(
    text: str, subjects: tuple[Subject, ...], *, weather: Weather, dice: random.Random
) -> Land:
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
    return dice.choice((Land.MOUNTAINS, Land.MOUNTAINS, Land.HILLS, Land.FOREST, Land.SEA))


def _light(text: str, *, land: Land, weather: Weather, dice: random.Random) -> Light:
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
    return dice.choice(likely.get(weather, (Light.DAY, Light.SUNSET, Light.DAWN)))


def _has_water(text: str, *, land: Land, dice: random.Random) -> bool:
    if land in (Land.SEA, Land.STREET, Land.CITY) or vocabulary.WATER.found_in(text):
        return True
    if land in (Land.DESERT, Land.HILLS):
        return False
    return dice.random() < 0.65


def _cloudiness(text: str, *, light: Light, dice: random.Random) -> float:
    if vocabulary.CLEAR_SKY.found_in(text):
        return 0.05
    if light is Light.OVERCAST:
        return dice.uniform(0.75, 0.95)
    if vocabulary.CLOUDS.found_in(text):
        return dice.uniform(0.6, 0.75)
    return dice.uniform(0.3, 0.55)
