"""Sightings: what was seen is told while it is good, looked up once for all who ask, and never goes back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from filmgate.core.account import Caller
from filmgate.core.fairness import Place
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video, VideoId
from filmgate.database import videos as rows
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.http.sightings import GOOD_FOR, Sighting, Sightings, Words
from filmgate.usecases import accounts, following, videos
from filmgate.usecases.line import Lines
from tests.creating import create
from tests.eventually import eventually
from tests.http.polls import (
    PATHS,
    Clock,
    CountedDatabase,
    Doors,
    HeldDatabase,
    Poll,
    headers_of,
    sighted,
)

SPEC = VideoSpec(
    model="sora-2", engine="scenes", prompt="A cat", size=Size(1280, 720), seconds=8, seed=7
)
REVISION = Words("revision", lambda video: str(video.revision))
SHOUTED = Words("shouted", lambda video: f"{video.revision}!")


@asynccontextmanager
async def looking(sightings: Sightings) -> AsyncIterator[Sightings]:
    """They run beside the block."""
    async with asyncio.TaskGroup() as life:
        running = life.create_task(sightings.run())
        await asyncio.sleep(0)  # it has begun
        try:
            yield sightings
        finally:
            running.cancel()


async def make(database: Database, caller: Caller, count: int = 1) -> list[Video]:
    """Videos in progress."""
    first = await create(
        database, SPEC, video_id=videos.new_id(), caller=caller, dialect=Dialect.OPENAI
    )
    made = [replace(first, id=videos.new_id(), place=Place(n, 1)) for n in range(count)]
    async with database.connection() as connection:
        await rows.insert(connection, made)
        await connection.execute("update video set status = 'in_progress', attempt = 1")
    return made


async def advance(database: Database, video_id: VideoId) -> int:
    """The video changes, and nobody is told. Return the revision that it has now."""
    async with database.connection() as connection:
        revision: int = await connection.fetchval(
            "update video set revision = revision + 1 where id = $1 returning revision", video_id
        )
    return revision


async def find(database: Database, video_id: VideoId) -> Video:
    (video,) = await following.find_all(database, [video_id])
    return video


async def tell(sightings: Sightings, video_id: VideoId, words: Words = REVISION) -> str | None:
    """What a poll is told."""
    sighting = sightings.find(video_id, words.name) or await sightings.look(video_id, words)
    return sighting.body if sighting else None


async def until_row_is_read(held: HeldDatabase) -> None:
    """The second query's answer waits: the first is that of stamps."""
    await held.gate.until_one_waits()
    held.gate.let_through()
    await asyncio.sleep(0)
    await held.gate.until_one_waits()


@pytest.fixture
async def counted(dsn: str) -> AsyncIterator[CountedDatabase]:
    database = await CountedDatabase.open(dsn)
    yield database
    await database.aclose()


@pytest.fixture
async def held(dsn: str) -> AsyncIterator[HeldDatabase]:
    database = await HeldDatabase.open(dsn)
    yield database
    database.gate.is_open.set()
    await database.aclose()


async def test_what_was_seen_is_told_without_another_look(
    database: Database, counted: CountedDatabase, caller: Caller
) -> None:
    (video,) = await make(database, caller)
    clock = Clock()
    async with looking(Sightings(counted, clock=clock)) as sightings:
        assert await tell(sightings, video.id) == "0"
        asked = len(counted.queries)
        await advance(database, video.id)
        clock.now += GOOD_FOR.total_seconds() / 2
        assert await tell(sightings, video.id) == "0"
        assert len(counted.queries) == asked


async def test_what_is_too_old_and_has_not_changed_is_not_read_again(
    database: Database, counted: CountedDatabase, caller: Caller
) -> None:
    made, clock = await make(database, caller, 50), Clock()
    async with looking(Sightings(counted, clock=clock)) as sightings:
        await asyncio.gather(*(tell(sightings, video.id) for video in made))
        counted.queries.clear()
        clock.now += GOOD_FOR.total_seconds()
        await advance(database, made[0].id)
        told = await asyncio.gather(*(tell(sightings, video.id) for video in made))
    assert told == ["1", *["0"] * 49]
    stamps, full = counted.queries
    assert "prompt" not in stamps
    assert "prompt" in full


async def test_two_hundred_polls_of_a_hundred_videos_at_once_are_a_handful_of_queries(
    services: Services, database: Database, counted: CountedDatabase, key: str
) -> None:
    made = await make(database, await accounts.authenticate(database, key), 100)
    async with database.connection() as connection:
        await connection.execute("update video set status = 'queued', attempt = 0")
    clock = Clock()
    services = replace(
        services,
        database=counted,
        sightings=Sightings(counted, clock=clock),
        lines=Lines(counted),
    )
    polls = [
        Poll(path=PATHS[0].format(video.id), headers=headers_of(key))
        for video in (*made, *reversed(made))
    ]
    async with sighted(services, key=key):
        doors = Doors(services)
        for most in (8, 5):  # once they are known, their full rows are not read
            counted.queries.clear()
            answers = await asyncio.gather(*(doors.ask(poll) for poll in polls))
            assert {answer.status for answer in answers} == {200}
            assert len([each for each in counted.queries if "api_key" not in each]) <= most
            clock.now += GOOD_FOR.total_seconds()
    assert doors.handed_on == 0


async def test_more_than_fit_into_one_query_are_looked_up_all_the_same(
    database: Database, counted: CountedDatabase, caller: Caller
) -> None:
    made = await make(database, caller, 1_100)
    async with looking(Sightings(counted)) as sightings:
        told = await asyncio.gather(*(tell(sightings, video.id) for video in made))
    assert told == ["0"] * 1_100
    assert len(counted.queries) == 6


async def test_who_waits_for_a_look_is_told_what_it_saw_however_long_it_took(
    held: HeldDatabase, database: Database, caller: Caller
) -> None:
    """Or else a slow database were asked once more by each of them."""
    (video,), clock = await make(database, caller), Clock()
    async with looking(Sightings(held, clock=clock)) as sightings, asyncio.TaskGroup() as asking:
        poll = asking.create_task(tell(sightings, video.id))
        await held.gate.until_one_waits()
        clock.now += 10 * GOOD_FOR.total_seconds()
        held.gate.is_open.set()
        assert await poll == "0"
        assert sightings.find(video.id, REVISION.name) is None  # who comes later has to look


async def test_who_wishes_other_words_is_told_in_these(database: Database, caller: Caller) -> None:
    (video,) = await make(database, caller)
    async with looking(Sightings(database)) as sightings:
        told = [await tell(sightings, video.id, each) for each in (REVISION, SHOUTED, REVISION)]
    assert told == ["0", "0!", "0"]


async def test_of_two_who_wish_different_words_at_once_nobody_is_told_in_the_other_s(
    database: Database, caller: Caller
) -> None:
    (video,) = await make(database, caller)
    async with looking(Sightings(database)) as sightings:
        both = await asyncio.gather(
            *(tell(sightings, video.id, each) for each in (REVISION, SHOUTED))
        )
    assert both[0] in ("0", None)
    assert both[1] in ("0!", None)
    assert any(both)


async def test_a_video_that_is_not_there_is_not_told(database: Database) -> None:
    async with looking(Sightings(database)) as sightings:
        assert await tell(sightings, videos.new_id()) is None
        assert len(sightings) == 0


async def test_a_place_that_changes_without_a_revision_is_seen(
    database: Database, caller: Caller
) -> None:
    """As when its account's limit lets a video into the line, or those before it have left."""
    (video,), clock = await make(database, caller), Clock()
    async with database.connection() as connection:
        await connection.execute("update video set status = 'queued', is_admitted = false")
    async with looking(Sightings(database, clock=clock)) as sightings:
        sighting = await sightings.look(video.id, REVISION)
        assert sighting is not None
        assert sighting.waiting is not None
        assert not sighting.waiting.place.is_admitted
        for change in ("is_admitted = true", "fair_start = 77"):
            async with database.connection() as connection:
                await connection.execute(f"update video set {change}")
            clock.now += GOOD_FOR.total_seconds()
            sighting = await sightings.look(video.id, REVISION)
    assert sighting is not None
    assert sighting.waiting is not None
    assert sighting.waiting.place == Place(77, 1, is_admitted=True)


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


async def test_those_who_ask_while_the_database_is_away_are_not_kept_waiting(dsn: str) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    async with looking(Sightings(away)) as sightings, asyncio.timeout(10):
        assert await tell(sightings, videos.new_id()) is None


async def test_those_who_ask_when_nobody_looks_are_not_kept_waiting(database: Database) -> None:
    sightings = Sightings(database)
    async with asyncio.timeout(10):
        assert await tell(sightings, videos.new_id()) is None
        async with looking(sightings):
            pass
        assert await tell(sightings, videos.new_id()) is None


async def test_those_who_wait_for_a_look_when_it_ends_are_let_go(
    held: HeldDatabase, database: Database, caller: Caller
) -> None:
    first, second = await make(database, caller, 2)
    async with (
        asyncio.timeout(10),
        asyncio.TaskGroup() as asking,
        looking(Sightings(held)) as sightings,
    ):
        asked = [asking.create_task(tell(sightings, first.id))]
        await held.gate.until_one_waits()
        asked.append(asking.create_task(tell(sightings, second.id)))
        await asyncio.sleep(0)
    assert [each.result() for each in asked] == [None, None]


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


async def test_the_looks_go_on_when_the_database_is_back(
    dsn: str, database: Database, caller: Caller
) -> None:
    (video,) = await make(database, caller)
    cut = await Database.open(dsn)
    async with looking(Sightings(cut, clock=Clock())) as sightings:
        async with database.connection() as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        assert await eventually(lambda: tell(sightings, video.id)) == "0"
    await cut.aclose()


async def test_an_asker_that_fails_keeps_nothing_from_the_others(
    database: Database, caller: Caller
) -> None:
    (video,), loop = await make(database, caller), asyncio.get_running_loop()
    told: asyncio.Future[Sighting | None] = loop.create_future()
    failures: list[object] = []
    loop.set_exception_handler(lambda _, context: failures.append(context.get("exception")))

    def fail(_: Sighting | None) -> None:
        raise ZeroDivisionError

    async with looking(Sightings(database)) as sightings:
        assert sightings.look_for(video.id, REVISION, fail)
        assert sightings.look_for(video.id, REVISION, told.set_result)
        async with asyncio.timeout(10):
            assert await told is not None
        assert await tell(sightings, video.id) == "0"
    assert [type(each) for each in failures] == [ZeroDivisionError]
