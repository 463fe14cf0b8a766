"""A worker's life with an engine that behaves as told: every ending of an attempt, and every way to lose one."""

import asyncio
import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from filmgate.core.errors import EngineFailed
from filmgate.core.ports import Attempt
from filmgate.core.retrying import CRASH_LIMIT, UNAVAILABLE_LIMIT
from filmgate.core.spec import ObjectKey, Size, VideoSpec
from filmgate.core.video import Dialect, Status
from filmgate.usecases import videos
from filmgate.worker.wakeups import Wakeups
from tests.claiming import begin, complete
from tests.creating import create
from tests.eventually import eventually
from tests.scripted_engine import (
    Instruction,
    ScriptedEngine,
    be_unavailable,
    expect_the_token,
    fail,
    have_a_bug,
    save_a_token,
    wait_until_told,
)
from tests.worker.conftest import SPEC, Scene


async def test_a_queued_video_is_made_stored_and_measured(scene: Scene, sample: Path) -> None:
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert (video.status, video.progress, video.attempt) == (Status.COMPLETED, 100, 1)
    assert video.asset is not None
    assert video.asset.duration == pytest.approx(1.0)
    assert await scene.workshop.store.read(video.asset.key) == sample.read_bytes()  # noqa: ASYNC240
    assert video.expires_at is not None
    assert video.completed_at is not None
    assert video.expires_at - video.completed_at == timedelta(days=1)
    assert await scene.waiting() == 0


async def test_a_video_waits_while_no_slot_is_free(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    async with scene.worker(slots=1):
        first = await scene.create()
        await scene.engine.started.wait()
        second = await scene.create()
        await asyncio.sleep(0.2)  # time enough to begin it, were it begun
        assert (await scene.retrieve(second)).status is Status.QUEUED
        scene.engine.may_finish.set()
        assert (await scene.ended(first)).status is Status.COMPLETED
        assert (await scene.ended(second)).status is Status.COMPLETED


async def test_two_slots_make_two_videos_at_once(scene: Scene) -> None:
    scene.engine.script = [wait_until_told, wait_until_told]
    async with scene.worker(slots=2):
        made = [await scene.create(), await scene.create()]

        async def both_run() -> bool:
            return all([(await scene.retrieve(v)).status is Status.IN_PROGRESS for v in made])

        await eventually(both_run)
        scene.engine.may_finish.set()
        assert {(await scene.ended(v)).status for v in made} == {Status.COMPLETED}


async def test_progress_is_seen_while_the_engine_works(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    async with scene.worker():
        video = await scene.create()

        async def at_forty() -> bool:
            return (await scene.retrieve(video)).progress == 40

        await eventually(at_forty)
        scene.engine.may_finish.set()
        assert (await scene.ended(video)).progress == 100


async def test_a_verdict_is_final_at_once(scene: Scene) -> None:
    scene.engine.script = [fail]
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert video.status is Status.FAILED
    assert video.failure is not None
    assert (video.failure.code, video.attempt) == ("moderation_blocked", 1)
    assert (await scene.waiting(), scene.files()) == (0, [])


async def test_an_unavailable_engine_is_asked_again(scene: Scene) -> None:
    scene.engine.script = [be_unavailable, be_unavailable]
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert (video.status, video.attempt) == (Status.COMPLETED, 3)


@pytest.mark.parametrize(
    ("instruction", "limit"), [(be_unavailable, UNAVAILABLE_LIMIT), (have_a_bug, CRASH_LIMIT)]
)
async def test_so_many_attempts_in_vain_are_a_failure(
    instruction: Instruction, limit: int, scene: Scene
) -> None:
    scene.engine.script = [instruction] * limit
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert (video.status, video.attempt) == (Status.FAILED, limit)
    assert video.failure is not None
    assert video.failure.code == "engine_failed"
    assert await scene.waiting() == 0


async def test_a_file_that_does_not_play_is_never_completed(scene: Scene, tmp_path: Path) -> None:
    scene.engine.sample = tmp_path / "not-a-film.mp4"
    scene.engine.sample.write_bytes(b"not a film" * 100)
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert video.status is Status.FAILED
    assert video.failure is not None
    assert "does not play" in video.failure.message
    assert scene.files() == []


async def test_a_resume_point_is_there_for_the_next_attempt(scene: Scene) -> None:
    scene.engine.script = [save_a_token, expect_the_token]
    async with scene.worker():
        assert (await scene.ended(await scene.create())).status is Status.COMPLETED


async def test_a_render_over_its_time_limit_has_failed(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    scene.workshop = replace(scene.workshop, time_limit=timedelta(seconds=0.3))
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert video.failure is not None
    assert video.failure.code == "engine_timeout"
    assert scene.engine.cancelled.is_set()


@pytest.mark.parametrize("act", [videos.cancel, videos.delete])
async def test_cancelling_or_deleting_stops_the_engine(act: object, scene: Scene) -> None:
    assert callable(act)
    scene.engine.script = [wait_until_told]
    async with scene.worker():
        video = await scene.create()
        await scene.engine.started.wait()
        await act(scene.database, video.id, account_id=scene.account_id)
        await asyncio.wait_for(scene.engine.cancelled.wait(), 5)
        following = await scene.ended(await scene.create())  # the slot is free again
    assert following.status is Status.COMPLETED
    assert all(video.id not in str(path) for path in scene.files())


async def test_a_worker_that_leaves_hands_its_video_back(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    async with scene.worker():
        video = await scene.create()
        await scene.engine.started.wait()
    waiting = await scene.retrieve(video)
    assert (waiting.status, waiting.unavailable_count) == (Status.QUEUED, 0)
    async with scene.worker():
        assert (await scene.ended(video)).attempt == 2


async def test_a_worker_that_leaves_finishes_what_it_can_in_the_grace_time(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    async with scene.worker(grace=timedelta(seconds=10)):
        video = await scene.create()
        await scene.engine.started.wait()
        asyncio.get_running_loop().call_later(0.3, scene.engine.may_finish.set)
    assert (await scene.retrieve(video)).status is Status.COMPLETED


async def test_a_silent_workers_video_is_taken_over_and_its_late_file_is_not_believed(
    scene: Scene,
) -> None:
    video = await scene.create()
    stale = await begin(scene.database, video.id)
    await scene.silence(video)
    async with scene.worker():
        done = await scene.ended(video)
    assert (done.status, done.attempt) == (Status.COMPLETED, 2)
    assert done.asset is not None
    late = await complete(scene.database, stale, asset=done.asset)
    assert late is False
    assert await scene.retrieve(video) == done


async def test_an_attempt_that_was_superseded_is_stopped(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    async with scene.worker():
        video = await scene.create()
        await scene.engine.started.wait()
        async with scene.database.connection() as connection:
            await connection.execute("update video set attempt = attempt + 1")
        await asyncio.wait_for(scene.engine.cancelled.wait(), 5)
    assert (await scene.retrieve(video)).attempt == 2


async def test_references_are_there_as_files(scene: Scene) -> None:
    seen: list[bytes] = []

    async def read_reference(engine: ScriptedEngine, attempt: Attempt) -> None:
        seen.extend(path.read_bytes() for path in attempt.references)

    scene.engine.script = [read_reference]
    video_id = videos.new_id()
    key = ObjectKey(f"videos/{video_id}/references/0.webp")
    await scene.workshop.store.put_bytes(key, b"a picture")
    spec = VideoSpec(
        model="m", engine="scripted", prompt="x", size=Size(64, 64), seconds=1, references=(key,)
    )
    async with scene.worker():
        video = await create(
            scene.database,
            spec,
            video_id=video_id,
            caller=scene.caller,
            dialect=Dialect.OPENAI,
        )
        await scene.ended(video)
    assert seen == [b"a picture"]


async def test_a_worker_survives_having_its_connections_ended(scene: Scene, dsn: str) -> None:
    """As in a failover: the server says so on idle connections, and the driver words it in its own way."""
    hangman = await asyncpg.connect(dsn)
    async with scene.worker(slots=2):
        made = []
        for _ in range(8):
            made.append(await scene.create())
            await hangman.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """
            )
            await asyncio.sleep(0.1)
        ended = [await scene.ended(video, within=40) for video in made]
    await hangman.close()
    assert {video.status for video in ended} == {Status.COMPLETED}


async def test_a_claim_that_no_slot_holds_falls_silent(scene: Scene) -> None:
    """A worker beats for what it works on, not for whatever bears its name."""
    scene.engine.script = [wait_until_told]
    async with scene.worker(slots=2), scene.database.connection() as connection:
        held = await scene.create()
        await scene.engine.started.wait()
        dropped = await scene.create(replace(SPEC, engine="elsewhere"))
        await begin(scene.database, dropped.id)
        await connection.execute(
            """
            update video set worker_id = (select worker_id from video where id = $1),
                             heartbeat_at = now() - interval '1 hour' where id = $2
            """,
            held.id,
            dropped.id,
        )
        first = await connection.fetchval("select heartbeat_at from video where id = $1", held.id)

        async def held_is_beaten() -> bool:
            now = await connection.fetchval("select heartbeat_at from video where id = $1", held.id)
            return bool(now > first)

        await eventually(held_is_beaten)
        age = "select now() - heartbeat_at > interval '59 minutes' from video where id = $1"
        assert await connection.fetchval(age, dropped.id)
        scene.engine.may_finish.set()
        await scene.ended(held)


async def test_what_an_engine_says_is_stored_whatever_it_holds(scene: Scene) -> None:
    async def rave(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise EngineFailed("engine_failed", "a NUL \0 and half a character \udcff")

    scene.engine.script = [rave]
    async with scene.worker():
        video = await scene.ended(await scene.create())
    assert video.failure is not None
    assert video.failure.message == "a NUL  and half a character ?"


async def test_an_engine_that_waited_in_vain_is_asked_again(scene: Scene) -> None:
    async def time_out(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise TimeoutError

    scene.engine.script = [time_out]
    async with scene.worker():
        assert (await scene.ended(await scene.create())).attempt == 2


async def test_a_machine_without_a_spare_file_makes_the_video_wait(scene: Scene) -> None:
    async def run_out(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    scene.engine.script = [run_out]
    async with scene.worker():
        video = await scene.create()

        async def is_waiting() -> bool:
            found = await scene.retrieve(video)
            return (found.status, found.attempt) == (Status.QUEUED, 1)

        await eventually(is_waiting)
    assert (await scene.retrieve(video)).unavailable_count == 0


async def test_a_wait_for_wakeups_can_always_be_cancelled() -> None:
    wakeups = Wakeups()

    async def wait() -> None:
        await wakeups.wait(timedelta(seconds=60))
        await asyncio.sleep(60)

    for turns in range(6):
        wakeups.clear()
        waiting = asyncio.gather(wait())
        await asyncio.sleep(0)
        wakeups.wake()
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(waiting, 5)
