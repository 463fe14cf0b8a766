"""Beats: what was told is what was written, and nobody who touches the same rows waits for one who waits for him."""

import asyncio

from asyncpg import Connection

from filmgate.core.video import Video
from filmgate.database import holding, videos
from filmgate.worker.attempt import HeldAttempt
from filmgate.worker.beats import Beats
from filmgate.worker.slot import Slot
from tests.claiming import begin
from tests.eventually import eventually
from tests.worker.conftest import Scene


async def until_one_waits(scene: Scene) -> None:
    """For a row that somebody else has locked."""

    async def waits() -> bool:
        async with scene.database.connection() as connection:
            return bool(await connection.fetchval("select bool_or(not granted) from pg_locks"))

    await eventually(waits)


async def begin_two(scene: Scene) -> tuple[Video, Video]:
    """By their ids. In the table the second comes first, since the first was written later."""
    made = [await begin(scene.database, (await scene.create()).id) for _ in range(2)]
    first, second = sorted(made, key=lambda video: video.id)
    async with scene.database.connection() as connection:
        await touch(connection, [first])
    return first, second


async def test_progress_that_came_while_a_beat_was_written_is_told_by_the_next(
    scene: Scene,
) -> None:
    video = await begin(scene.database, (await scene.create()).id)
    slot = Slot(scene.workshop, video)
    slot.attempt = own = HeldAttempt(video=video, shop=scene.workshop, token=None)
    beats = Beats(scene.database)
    own.progress(40)
    async with asyncio.TaskGroup() as life, scene.database.transaction() as connection:
        await videos.lock(connection, video.id)
        life.create_task(beats.beat([slot]))
        await until_one_waits(scene)
        own.progress(60)
    assert (await scene.retrieve(video)).progress == 40
    assert own.has_news
    await beats.beat([slot])
    assert (await scene.retrieve(video)).progress == 60
    assert not own.has_news


async def touch(connection: Connection, some: list[Video]) -> int:
    return len(await videos.touch(connection, [(each.id, each.attempt, 50) for each in some]))


async def hand_back(connection: Connection, some: list[Video]) -> int:
    return len(await holding.change(connection, [(each, each.hand_back()) for each in some]))


async def test_rows_are_locked_in_one_order_whatever_order_they_are_named_in(scene: Scene) -> None:
    for change in (touch, hand_back):
        first, second = await begin_two(scene)
        async with asyncio.TaskGroup() as life, scene.database.connection() as beside:
            async with scene.database.transaction() as connection:
                await videos.lock(connection, first.id)
                both = life.create_task(change(beside, [second, first]))
                await until_one_waits(scene)
                assert await videos.lock(connection, second.id) is not None
            assert await both == 2
