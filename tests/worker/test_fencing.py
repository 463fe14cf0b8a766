"""Attempts fence: whatever a queue can do wrong to a worker, a video has one end, one file and one charge.

Each of the first tests holds what a job queue that was once used here got wrong: docs/decisions/0003.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt
from filmgate.core.retrying import CRASH_LIMIT, LOST_LIMIT
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Status, Video
from filmgate.database import ledger, videos
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import rendering
from tests.claiming import begin, complete
from tests.eventually import eventually
from tests.scripted_engine import ScriptedEngine, have_a_bug, wait_until_told
from tests.worker.conftest import Scene

WORKER = UUID(int=1)
AT_ONCE = timedelta(0)


async def files_of(scene: Scene, video: Video) -> set[str]:
    folder = scene.objects / "videos" / video.id
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


FILES = {"video.mp4", "thumbnail.webp", "spritesheet.jpg"}


@pytest.mark.parametrize("late_word", ["complete", "give up", "fail", "hand back", "progress"])
async def test_nothing_that_a_lost_worker_says_changes_its_successors_video(
    late_word: str, scene: Scene
) -> None:
    video = await scene.create()
    stale = await begin(scene.database, video.id)
    successor = await begin(scene.database, video.id)
    before = await scene.retrieve(video)
    match late_word:
        case "complete":
            assert not await complete(scene.database, stale)
        case "give up":
            away = EngineUnavailable("away")
            assert not await rendering.give_up(scene.database, stale, away, retry_delay=AT_ONCE)
        case "fail":
            no = EngineFailed("engine_failed", "no")
            assert not await rendering.give_up(scene.database, stale, no, retry_delay=AT_ONCE)
        case "hand back":
            await rendering.hand_back(scene.database, stale)
        case _:
            async with scene.database.connection() as connection:
                assert not await videos.touch(connection, [(stale.id, stale.attempt, 99)])
    assert await scene.retrieve(video) == before
    assert await complete(scene.database, successor)


async def test_a_video_taken_twice_is_completed_and_charged_once(scene: Scene) -> None:
    video = await scene.create(price_per_second=10_000)
    attempts = [await begin(scene.database, video.id) for _ in range(3)]
    results = await asyncio.gather(*(complete(scene.database, each) for each in attempts))
    assert results == [False, False, True]
    async with scene.database.connection() as connection:
        entries = await ledger.list_entries(connection, scene.account_id, limit=10)
        events = await connection.fetchval("select count(*) from event")
    assert [entry.kind for entry in entries] == ["settle", "reserve"]
    assert events == 1


async def test_what_breaks_in_a_workers_hands_is_tried_again(scene: Scene) -> None:
    scene.engine.script = [have_a_bug]
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert (video.status, video.attempt, video.crash_count) == (Status.COMPLETED, 2, 1)


async def test_every_claim_of_a_lost_video_is_counted(scene: Scene) -> None:
    video = await scene.create()
    await begin(scene.database, video.id)
    for count in range(1, 4):
        await scene.silence(video)
        [taken] = await rendering.take_over_lost(
            scene.database, ["scripted"], worker_id=WORKER, silent_for=timedelta(seconds=10)
        )
        assert (taken.attempt, taken.lost_count) == (count + 1, count)


async def test_the_end_of_one_lets_the_next_begin_without_waiting_for_a_look_round(
    scene: Scene,
) -> None:
    """Thirty one after the other: looked for once a second only, they would take half a minute."""
    async with scene.database.connection() as connection:
        await connection.execute("update account set running_limit = 1")
    made = [await scene.create() for _ in range(30)]
    async with scene.worker(slots=4), asyncio.timeout(20):
        for video in made:
            assert (await scene.ended(video)).status is Status.COMPLETED


async def test_a_worker_takes_no_more_than_it_has_slots_for(scene: Scene) -> None:
    scene.engine.script = [wait_until_told, wait_until_told]
    made = [await scene.create() for _ in range(6)]
    async with scene.worker(slots=2):

        async def two_run() -> bool:
            return [(await scene.retrieve(v)).status for v in made].count(Status.IN_PROGRESS) == 2

        await eventually(two_run)
        other = await rendering.begin_next(scene.database, ["scripted"], worker_id=WORKER)
        assert other is not None
        assert other.id == made[2].id
        await complete(scene.database, other)
        scene.engine.may_finish.set()
        for video in made:
            await scene.ended(video)


async def test_a_worker_with_nothing_to_do_leaves_the_database_alone(scene: Scene) -> None:
    """Behind a full limit too, where there is a video that it must not take."""
    async with scene.database.connection() as connection:
        await connection.execute("update account set running_limit = 1")
        held = await scene.create()
        await begin(scene.database, held.id)
        await scene.create()
        count = "select xact_commit from pg_stat_database where datname = current_database()"
        async with scene.worker(slots=2):
            await asyncio.sleep(1)
            before = await connection.fetchval(count)
            await asyncio.sleep(4)
            after = await connection.fetchval(count)
    # Three looks a second, each of which resets its connection afterwards; ten a second would be over 100.
    assert after - before < 75


async def test_tags_may_grow_far_beyond_32_bits(scene: Scene) -> None:
    async with scene.database.connection() as connection:
        await connection.execute("insert into engine_clock values ('scripted', $1)", 2**50)
    first, second = await scene.create(), await scene.create()
    for expected in (first, second):
        begun = await rendering.begin_next(scene.database, ["scripted"], worker_id=WORKER)
        assert begun is not None
        assert begun.id == expected.id


async def test_twenty_silent_deaths_in_a_row_are_the_end_and_nineteen_are_not(
    scene: Scene,
) -> None:
    video = await scene.create()
    await begin(scene.database, video.id)
    for _ in range(LOST_LIMIT - 1):
        await begin(scene.database, video.id)
    await scene.silence(video)
    async with scene.worker():
        ended = await scene.ended(video)
    assert ended.failure is not None
    assert ended.failure.message == ("20 workers in a row fell silent while they made this video.")


async def test_a_worker_that_lived_ends_the_row_of_silent_deaths(scene: Scene) -> None:
    video = await scene.create()
    await begin(scene.database, video.id)
    for _ in range(LOST_LIMIT - 1):
        held = await begin(scene.database, video.id)
    await rendering.hand_back(scene.database, held)
    async with scene.worker():
        assert (await scene.ended(video)).status is Status.COMPLETED


async def test_a_poisoned_video_fails_after_three_crashes_and_blocks_nobody(scene: Scene) -> None:
    async def die(engine: ScriptedEngine, attempt: Attempt) -> None:
        if engine.rendered[-1].prompt == "poison":
            raise ZeroDivisionError

    scene.engine.script = [die] * 20
    async with scene.worker():
        poison = await scene.create(prompt="poison")
        others = [await scene.create() for _ in range(5)]
        assert {(await scene.ended(video)).status for video in others} == {Status.COMPLETED}
        ended = await scene.ended(poison)
    assert (ended.status, ended.crash_count) == (Status.FAILED, CRASH_LIMIT)


async def test_a_stale_attempts_file_goes_when_its_successor_is_done(scene: Scene) -> None:
    video = await scene.create()
    stale = await begin(scene.database, video.id)
    key = ObjectKey(f"{rendering.attempt_folder(stale)}video.mp4")
    await scene.workshop.store.put_bytes(key, b"stored by a worker that then died")
    await scene.silence(video)
    async with scene.worker():
        done = await scene.ended(video)

        async def only_the_second_is_left() -> bool:
            return await files_of(scene, done) == {f"2/{name}" for name in FILES}

        await eventually(only_the_second_is_left)


async def test_a_stale_attempts_file_goes_when_its_worker_wakes_up(scene: Scene) -> None:
    """As after a SIGSTOP: another has completed the video before this one gets to store its own."""
    scene.engine.script = [wait_until_told]
    async with scene.worker(grace=timedelta(seconds=20)):
        video = await scene.create()
        await scene.engine.started.wait()
        successor = await begin(scene.database, video.id)
        assert await complete(scene.database, successor)
        scene.engine.may_finish.set()
    assert await files_of(scene, video) == set()
    assert (await scene.retrieve(video)).attempt == 2


class NotingStore(LocalObjectStore):
    """Notes which folders were deleted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.deleted: list[str] = []

    async def delete_folder(self, prefix: str) -> None:
        self.deleted.append(prefix)
        await super().delete_folder(prefix)


async def test_of_a_thousand_earlier_attempts_only_what_they_left_is_removed(scene: Scene) -> None:
    store = NotingStore(scene.objects)
    video = replace(await scene.create(), attempt=1_000)
    for attempt in (7, 70, 1_000):
        key = ObjectKey(f"{rendering.attempt_folder(replace(video, attempt=attempt))}video.mp4")
        await store.put_bytes(key, b"film")
    await rendering.remove_earlier(video, store=store)
    assert sorted(store.deleted) == [f"videos/{video.id}/7/", f"videos/{video.id}/70/"]
    assert await files_of(scene, video) == {"1000/video.mp4"}
