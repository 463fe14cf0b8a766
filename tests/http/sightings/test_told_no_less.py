"""Whatever somebody was told of a video, nobody is told less afterwards."""

import asyncio
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from filmgate.core.account import Caller
from filmgate.core.video import VideoId
from filmgate.database.connection import Database
from filmgate.http.sightings import GOOD_FOR, Sighting, Sightings
from filmgate.usecases import videos
from tests.http.polls import (
    Clock,
    HeldDatabase,
)
from tests.http.sightings.looks import (
    REVISION,
    advance,
    find,
    looking,
    make,
    tell,
    until_row_is_read,
)


async def test_what_was_read_before_somebody_was_told_more_is_not_told(
    held: HeldDatabase, database: Database, caller: Caller
) -> None:
    (video,) = await make(database, caller)
    async with looking(Sightings(held)) as sightings, asyncio.TaskGroup() as asking:
        poll = asking.create_task(tell(sightings, video.id))
        await until_row_is_read(held)  # the old one, and it is on its way
        await advance(database, video.id)
        sightings.note(await find(database, video.id))
        held.gate.is_open.set()
        assert await poll is None  # the routes are asked
        assert await tell(sightings, video.id) == "1"


async def test_what_changed_while_it_was_read_is_not_kept(
    held: HeldDatabase, database: Database, caller: Caller
) -> None:
    (video,) = await make(database, caller)
    held.gate.is_open.set()
    async with looking(Sightings(held, clock=Clock())) as sightings:
        assert await tell(sightings, video.id) == "0"
        for told in (sightings.missed, lambda: sightings.heard(video.id)):
            sightings.missed()
            held.gate.is_open.clear()
            async with asyncio.TaskGroup() as asking:
                poll = asking.create_task(tell(sightings, video.id))
                await held.gate.until_one_waits()
                revision = await advance(database, video.id)
                told()
                held.gate.is_open.set()
                assert await poll is None  # the routes are asked
            assert await tell(sightings, video.id) == str(revision)


async def test_a_deletion_that_was_told_is_never_undone_by_a_read_on_its_way(
    held: HeldDatabase, database: Database, caller: Caller
) -> None:
    (video,) = await make(database, caller)
    async with looking(Sightings(held)) as sightings, asyncio.TaskGroup() as asking:
        poll = asking.create_task(tell(sightings, video.id))
        await until_row_is_read(held)
        deleted = await videos.delete(database, video.id, account_id=video.account_id)
        sightings.note(deleted)
        held.gate.is_open.set()
        assert await poll is None
        assert await tell(sightings, video.id) is None


@dataclass
class History:
    """One video's, and all that anybody was told of it. `told` is the highest revision so far."""

    sightings: Sightings
    held: HeldDatabase
    database: Database
    video_id: VideoId
    clock: Clock
    luck: Random
    told: int = 0
    answers: int = 0
    polls: list[asyncio.Task[None]] = field(default_factory=list)

    async def poll(self) -> None:
        body = await tell(self.sightings, self.video_id)
        if body is not None:
            self.answers += 1
            self.is_told(int(body))

    async def retrieve(self) -> None:
        """As the routes tell: read, noted, told."""
        video = await find(self.database, self.video_id)
        self.sightings.note(video)
        # What a route has read and another overtook is that route's own affair, as it ever was.
        self.told = max(self.told, video.revision)

    def is_told(self, revision: int) -> None:
        assert revision >= self.told, f"{revision} was told after {self.told}"
        self.told = revision

    async def act(self, action: str, life: asyncio.TaskGroup) -> None:
        match action:
            case "poll":
                self.polls.append(life.create_task(self.poll()))
            case "advance":
                await advance(self.database, self.video_id)
            case "hear":
                self.sightings.heard(self.video_id)
            case "miss":
                self.sightings.missed()
            case "retrieve":
                await self.retrieve()
            case "arrive":
                self.held.gate.let_through()
            case _:
                self.clock.now += GOOD_FOR.total_seconds() / 2
        # Queries that are under way may arrive, or not.
        for _ in range(self.luck.choice([0, 1, 20])):
            await asyncio.sleep(0)


ACTIONS = ["poll"] * 5 + ["advance"] * 3 + ["arrive"] * 5
ACTIONS += ["hear", "miss", "retrieve", "retrieve", "tick", "tick"]


@pytest.mark.parametrize("seed", range(12))
async def test_in_any_order_of_events_nobody_is_told_less_than_was_told_before(
    held: HeldDatabase, database: Database, caller: Caller, seed: int
) -> None:
    luck, clock = Random(seed), Clock()
    (video,) = await make(database, caller)
    async with looking(Sightings(held, clock=clock)) as sightings:
        history = History(sightings, held, database, video.id, clock, luck)
        async with asyncio.TaskGroup() as life:
            for action in luck.choices(ACTIONS, k=200):
                await history.act(action, life)
            held.gate.is_open.set()
        last = await advance(database, video.id)
        sightings.missed()
        await history.poll()
    assert (history.told, history.answers > 0) == (last, True)


async def test_whoever_is_told_last_is_told_no_less_than_was_told_meanwhile(
    database: Database, caller: Caller
) -> None:
    (video,), loop = await make(database, caller), asyncio.get_running_loop()
    told: asyncio.Future[Sighting | None] = loop.create_future()
    async with looking(Sightings(database)) as sightings:

        def tell_more(seen: Sighting | None) -> None:
            assert seen is not None
            sightings.note(replace(video, revision=seen.revision + 1))

        sightings.look_for(video.id, REVISION, tell_more)
        sightings.look_for(video.id, REVISION, told.set_result)
        late = sightings.look(video.id, REVISION)
        async with asyncio.timeout(10):
            assert not any(await asyncio.gather(told, late))
