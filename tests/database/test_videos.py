"""Lists that are followed while others create, and specs that come back as they were written."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from filmgate.core.account import Caller
from filmgate.core.candidate import Candidate
from filmgate.core.fairness import Ticket
from filmgate.core.spec import (
    CharacterId,
    ObjectKey,
    Size,
    Source,
    SourceUse,
    VideoSpec,
)
from filmgate.core.video import Dialect, Video, VideoId, moment_of, new_video_id
from filmgate.database import acceptance, lists, videos
from filmgate.database.connection import Database

SPEC = VideoSpec(model="m", engine="e", prompt="p", size=Size(64, 64), seconds=4)


async def write(connection: asyncpg.Connection, caller: Caller, *, spec: VideoSpec = SPEC) -> Video:
    """As creates do, but that they do not wait for each other: none has locked the account, each has a line of its own."""
    video_id = new_video_id(datetime.now(UTC))
    candidate = Candidate(
        video_id=video_id,
        spec=replace(spec, engine=video_id),
        caller=caller,
        dialect=Dialect.OPENAI,
    )
    query = "select pg_advisory_xact_lock_shared($1, $2)"
    await connection.execute(query, lists.LOCK, caller.account_id)
    entered = {candidate: Ticket(1, is_admitted=True)}
    return (await acceptance.write(connection, entered))[candidate]


async def create(database: Database, caller: Caller) -> VideoId:
    async with database.transaction() as connection:
        return (await write(connection, caller)).id


async def page(
    database: Database, caller: Caller, *, after: VideoId | None, newest_first: bool = False
) -> list[VideoId]:
    async with database.connection() as connection:
        found = await lists.read_page(
            connection, caller.account_id, after=after, limit=7, newest_first=newest_first
        )
    return [video.id for video in found]


async def test_a_film_made_from_another_is_read_back_whole(
    database: Database, caller: Caller
) -> None:
    spec = replace(
        SPEC,
        characters=(CharacterId("0" * 26),),
        source=Source(
            use=SourceUse.EXTENSION,
            key=ObjectKey("videos/x/source.mp4"),
            duration=4.25,
            video_id="0" * 26,
        ),
    )
    async with database.transaction() as connection:
        video = await write(connection, caller, spec=spec)
        assert await videos.find(connection, video.id) == video


async def test_whoever_follows_the_list_forwards_misses_nobody_who_creates_meanwhile(
    database: Database, caller: Caller
) -> None:
    """The slow one has its place, but is committed after a quick one that came behind it."""
    may_commit = asyncio.Event()
    has_place = asyncio.Event()

    async def create_slowly() -> VideoId:
        async with database.transaction() as connection:
            video = await write(connection, caller)
            has_place.set()
            await may_commit.wait()
        return video.id

    async with asyncio.TaskGroup() as life:
        slow = life.create_task(create_slowly())
        await has_place.wait()
        quick = await create(database, caller)
        following = life.create_task(page(database, caller, after=None))
        done, _ = await asyncio.wait([following], timeout=0.2)
        assert not done, "the reader must wait for the slow one"
        may_commit.set()
    assert following.result() == [slow.result(), quick]


async def test_a_reader_of_the_newest_waits_for_nobody(database: Database, caller: Caller) -> None:
    first = await create(database, caller)
    async with database.transaction() as connection:
        await write(connection, caller)
        assert await page(database, caller, after=None, newest_first=True) == [first]


async def test_following_under_load_sees_every_video_once_and_in_order(
    database: Database, caller: Caller
) -> None:
    seen: list[VideoId] = []
    is_over = asyncio.Event()

    async def create_many() -> list[VideoId]:
        return [await create(database, caller) for _ in range(25)]

    async def follow() -> None:
        while True:
            was_over = is_over.is_set()
            found = await page(database, caller, after=seen[-1] if seen else None)
            seen.extend(found)
            if was_over and not found:
                return

    async with asyncio.TaskGroup() as life:
        life.create_task(follow())
        made = await asyncio.gather(*(create_many() for _ in range(6)))
        is_over.set()
    assert len(seen) == len(set(seen)) == 150
    assert set(seen) == {video_id for each in made for video_id in each}
    backwards = [*seen]
    backwards.reverse()
    assert await page(database, caller, after=None, newest_first=True) == backwards[:7]


@pytest.mark.parametrize("newest_first", [True, False])
async def test_the_id_of_a_video_that_is_gone_still_tells_the_place(
    *, newest_first: bool, database: Database, caller: Caller
) -> None:
    first = await create(database, caller)
    await asyncio.sleep(0.005)
    gone = new_video_id(datetime.now(UTC))
    await asyncio.sleep(0.005)
    last = await create(database, caller)
    found = await page(database, caller, after=gone, newest_first=newest_first)
    assert found == ([first] if newest_first else [last])


def test_an_id_tells_its_moment_to_the_millisecond() -> None:
    moment = datetime(2026, 11, 21, 9, 30, 15, 123456, UTC)
    assert moment_of(new_video_id(moment)) == moment.replace(microsecond=123000)
