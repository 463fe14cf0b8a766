"""What is remembered of videos, and how much of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from filmgate.core.account import Caller
from filmgate.core.video import Video
from filmgate.database.connection import Database
from filmgate.http.sightings import Sighting, Sightings, Words
from tests.http.sightings.looks import (
    REVISION,
    looking,
    make,
    tell,
)


async def test_no_more_are_remembered_than_agreed(database: Database, caller: Caller) -> None:
    made = await make(database, caller, 30)
    async with looking(Sightings(database, remembered=10)) as sightings:
        for video in made:
            assert await tell(sightings, video.id) == "0"
        assert len(sightings) == 10
        for video in made:
            sightings.note(replace(video, revision=5))
        assert len(sightings) == 10


async def test_whoever_was_asked_for_last_is_remembered_longest(
    database: Database, caller: Caller
) -> None:
    first, second, third = await make(database, caller, 3)
    async with looking(Sightings(database, remembered=2)) as sightings:
        for video in (first, second, first, third):
            await tell(sightings, video.id)
        assert _known(sightings, [first, second, third]) == [True, False, True]


@pytest.mark.parametrize("letter", ["x", "ß", "🐕"])
async def test_no_more_bytes_are_remembered_than_agreed(
    database: Database, caller: Caller, letter: str
) -> None:
    """However many of them a letter takes."""
    made = await make(database, caller, 30)
    long = Words("long", lambda _: letter * 1_000)
    async with looking(Sightings(database, remembered_bytes=60_000)) as sightings:
        for video in made:
            assert await tell(sightings, video.id, long) is not None
        assert 0 < sum(map(_bytes_of, _found(sightings, made, long))) <= 60_000
        for video in made:  # what is forgotten is not counted any more
            sightings.note(replace(video, revision=5))
        assert _found(sightings, made, long) == []
        new = await make(database, caller, 5)
        for video in new:
            assert await tell(sightings, video.id, long) is not None
        assert len(_found(sightings, new, long)) == 5


def _known(sightings: Sightings, made: Sequence[Video]) -> list[bool]:
    return [sightings.find(video.id, REVISION.name) is not None for video in made]


def _found(sightings: Sightings, made: Sequence[Video], words: Words) -> list[Sighting]:
    found = [sightings.find(video.id, words.name) for video in made]
    return [each for each in found if each is not None]


def _bytes_of(sighting: Sighting) -> int:
    return len((sighting.body or "").encode())
