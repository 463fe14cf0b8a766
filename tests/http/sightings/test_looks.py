"""Sightings: what was seen is told while it is good, looked up once for all who ask, and never goes back."""

import asyncio
from dataclasses import replace

from filmgate.core.account import Caller
from filmgate.core.fairness import Place
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.http.sightings import GOOD_FOR, Sighting, Sightings
from filmgate.usecases import accounts, videos
from filmgate.usecases.line import Lines
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
from tests.http.sightings.looks import (
    REVISION,
    SHOUTED,
    advance,
    looking,
    make,
    tell,
)


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
