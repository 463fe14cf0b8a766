"""Videos that are made elsewhere: no slots, claims by the batch, rare beats, and little on this machine meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from filmgate.core.errors import EngineBusy
from filmgate.core.ports import Attempt, Seats
from filmgate.core.retrying import UNAVAILABLE_LIMIT
from filmgate.core.spec import ObjectKey, Source, SourceUse
from filmgate.core.video import Status, Video, VideoId
from filmgate.usecases import rendering, videos
from filmgate.worker.elsewhere import BEAT_EVERY, Elsewhere
from filmgate.worker.silence import Silence
from tests.claiming import begin
from tests.eventually import eventually
from tests.scripted_engine import ScriptedEngine, wait_until_told, write_sample
from tests.worker.conftest import SPEC, Scene

ONE, OTHER = UUID(int=1), UUID(int=2)
JOB = {"id": "job-7", "url": "https://videos.example.org"}


@pytest.fixture(autouse=True)
def elsewhere(scene: Scene) -> None:
    scene.engine.seats = Seats()


async def flood(scene: Scene, count: int) -> list[Video]:
    return [await scene.create() for _ in range(count)]


async def statuses(scene: Scene, made: list[Video]) -> list[Status]:
    return [(await scene.retrieve(video)).status for video in made]


async def until_running(scene: Scene, made: list[Video], count: int) -> None:
    async def run() -> bool:
        return (await statuses(scene, made)).count(Status.IN_PROGRESS) == count

    await eventually(run)


async def begin_some(scene: Scene, worker_id: UUID, most: int) -> list[Video]:
    return await rendering.begin_some(scene.database, "scripted", worker_id=worker_id, most=most)


def ids(some: list[Video]) -> list[VideoId]:
    return [video.id for video in some]


async def test_a_batch_is_what_goes_next_in_its_order(scene: Scene) -> None:
    made = await flood(scene, 7)
    assert ids(await begin_some(scene, ONE, 3)) == ids(made[:3])
    assert ids(await begin_some(scene, OTHER, 10)) == ids(made[3:])
    assert await begin_some(scene, ONE, 10) == []


async def test_two_workers_never_claim_the_same_video(scene: Scene) -> None:
    made = await flood(scene, 60)
    batches = await asyncio.gather(
        *(begin_some(scene, (ONE, OTHER)[number % 2], 5) for number in range(12))
    )
    claimed = [video_id for batch in batches for video_id in ids(batch)]
    claimed += ids(await begin_some(scene, ONE, 60))  # what was locked just then
    assert sorted(claimed) == sorted(ids(made))


async def test_a_batch_moves_the_line_to_its_last(scene: Scene) -> None:
    """Whoever comes later stands behind those that have begun, and not behind nothing."""
    await flood(scene, 5)
    await begin_some(scene, ONE, 5)
    async with scene.database.connection() as connection:
        clock = await connection.fetchval("select clock from engine_clock")
        last = await connection.fetchval("select max(fair_start) from video")
    assert clock == last > 0


async def test_what_is_made_elsewhere_takes_no_slot(scene: Scene) -> None:
    scene.engine.script = [wait_until_told] * 5
    async with scene.worker(slots=1):
        made = await flood(scene, 5)
        await until_running(scene, made, 5)
        scene.engine.may_finish.set()
        assert {(await scene.ended(video)).status for video in made} == {Status.COMPLETED}


async def test_no_engine_keeps_another_waiting(scene: Scene, sample: Path) -> None:
    """Neither one elsewhere that is full, nor a slot that is busy."""
    full, free, here = ScriptedEngine(sample), ScriptedEngine(sample), ScriptedEngine(sample)
    full.seats, free.seats = Seats(1), Seats()
    full.script, here.script = [wait_until_told], [wait_until_told]
    engines = {"full": full, "free": free, "here": here}
    scene.workshop = replace(scene.workshop, engines=engines)
    async with scene.worker(slots=1):
        kept = {
            name: [await scene.create(replace(SPEC, engine=name)) for _ in range(2)]
            for name in engines
        }
        for video in kept["free"]:
            assert (await scene.ended(video)).status is Status.COMPLETED
        for name in ("full", "here"):
            await until_running(scene, kept[name], 1)
        for engine in (full, here):
            engine.may_finish.set()
        for video in (*kept["full"], *kept["here"]):
            assert (await scene.ended(video)).status is Status.COMPLETED


async def test_an_attempt_that_was_superseded_here_gives_way_to_its_successor(scene: Scene) -> None:
    """The same worker may take a video again before it has let go of it."""
    scene.engine.script = [wait_until_told, wait_until_told]
    async with scene.worker():
        [video] = await flood(scene, 1)
        await until_running(scene, [video], 1)
        async with scene.database.connection() as connection:
            await connection.execute("update video set status = 'queued' where id = $1", video.id)

        async def is_begun_again() -> bool:
            return len(scene.engine.rendered) == 2

        await eventually(is_begun_again)
        scene.engine.may_finish.set()
        assert (await scene.ended(video)).attempt == 2


async def test_a_worker_has_no_more_made_elsewhere_than_it_has_seats(scene: Scene) -> None:
    scene.engine.seats = Seats(2)
    scene.engine.script = [wait_until_told] * 5
    made = await flood(scene, 5)
    async with scene.worker():
        await until_running(scene, made, 2)
        other = await begin_some(scene, OTHER, 1)
        assert ids(other) == ids(made[2:3])
        await rendering.hand_back(scene.database, other[0])
        scene.engine.may_finish.set()
        assert {(await scene.ended(video)).status for video in made} == {Status.COMPLETED}
    assert len(scene.engine.rendered) == 5


async def test_no_more_are_taken_than_can_soon_be_submitted(scene: Scene) -> None:
    scene.engine.script = [wait_until_told] * 80
    made = await flood(scene, 80)
    async with scene.worker():
        await until_running(scene, made, 64)
        assert len(scene.engine.rendered) == 64


async def test_those_that_are_accepted_make_room_for_others(scene: Scene) -> None:
    async def be_accepted(engine: ScriptedEngine, attempt: Attempt) -> None:
        await attempt.save({**JOB, "id": f"job-{len(engine.script)}"})
        await engine.may_finish.wait()

    scene.engine.script = [be_accepted] * 80
    made = await flood(scene, 80)
    async with scene.worker():
        await until_running(scene, made, 80)


async def test_a_silence_of_half_a_minute_is_none(scene: Scene) -> None:
    quiet, gone = await flood(scene, 2)
    for video, seconds in ((quiet, 30), (gone, 61)):
        await begin(scene.database, video.id)
        async with scene.database.connection() as connection:
            await connection.execute(
                "update video set heartbeat_at = now() - make_interval(secs => $2) where id = $1",
                video.id,
                seconds,
            )
    async with scene.worker():
        assert (await scene.ended(gone)).attempt == 2
    assert (await scene.retrieve(quiet)).status is Status.IN_PROGRESS


async def test_silent_workers_videos_are_taken_over_by_the_batch(scene: Scene) -> None:
    made = await flood(scene, 9)
    await begin_some(scene, ONE, 9)
    for video in made:
        await scene.silence(video)
    taken = await rendering.take_over_lost(
        scene.database,
        ["scripted"],
        worker_id=OTHER,
        silent_for=timedelta(seconds=60),
        most=5,
    )
    assert len(set(ids(taken))) == 5
    assert {(video.attempt, video.lost_count) for video in taken} == {(2, 1)}


async def test_one_that_was_lost_too_often_ends_and_the_others_are_taken(scene: Scene) -> None:
    made = await flood(scene, 4)
    await begin_some(scene, ONE, 4)
    for video in made:
        await scene.silence(video)
    async with scene.database.connection() as connection:
        await connection.execute("update video set lost_count = 19 where id = $1", made[1].id)
    taken = await rendering.take_over_lost(
        scene.database, ["scripted"], worker_id=OTHER, silent_for=timedelta(seconds=60), most=9
    )
    assert sorted(ids(taken)) == sorted(ids([made[0], *made[2:]]))
    assert (await scene.retrieve(made[1])).status is Status.FAILED


@asynccontextmanager
async def crew(scene: Scene) -> AsyncIterator[Elsewhere]:
    """A worker's part that has videos made elsewhere, without its heart."""
    stop = asyncio.Event()
    part = Elsewhere(
        scene.workshop,
        {"scripted": Seats()},
        worker_id=ONE,
        silence=Silence(timedelta(seconds=60)),
    )
    async with asyncio.TaskGroup() as work:
        claiming = work.create_task(part.claim(work, stop=stop))
        yield part
        claiming.cancel()
        part.leave()


async def make_no_progress(engine: ScriptedEngine, attempt: Attempt) -> None:
    await engine.may_finish.wait()


@asynccontextmanager
async def holding(scene: Scene, count: int) -> AsyncIterator[Elsewhere]:
    """So many videos are being made elsewhere."""
    await flood(scene, count)
    async with crew(scene) as part:

        async def all_are_held() -> bool:
            return len(scene.engine.rendered) == count

        await eventually(all_are_held)
        yield part


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_every_video_beats_once_in_a_round(scene: Scene) -> None:
    scene.engine.script = [make_no_progress] * 40
    async with holding(scene, 40) as part:
        begun_at, beats = now(), []
        for second in range(1, int(BEAT_EVERY.total_seconds()) + 1):
            beats.append(part.due(begun_at + second))
            for slot in beats[-1]:
                slot.beaten_at = begun_at + second
        assert sum(map(len, beats)) == 40
        assert set().union(*beats) == part.busy
        assert max(map(len, beats)) < 40


async def test_who_could_not_beat_stays_due_until_it_can(scene: Scene) -> None:
    scene.engine.script = [make_no_progress]
    async with holding(scene, 1) as part:
        late = now() + BEAT_EVERY.total_seconds()
        assert part.due(late) == part.due(late) == part.busy
        await part.beats.beat(part.busy)
        assert part.due(now()) == set()


async def test_progress_is_told_at_the_next_beat(scene: Scene) -> None:
    """Also of one that has only just beaten."""
    scene.engine.script = [wait_until_told]
    async with holding(scene, 1) as part:
        [slot] = part.busy
        slot.beaten_at = now()
        assert part.due(now()) == {slot}
        await part.beats.beat({slot})
        assert (await scene.retrieve(slot.video)).progress == 40
        assert part.due(now()) == set()


async def test_whoever_may_have_missed_a_notice_asks_about_all(scene: Scene) -> None:
    """A cancellation of which it was told too early is found out long before the beat."""
    scene.engine.script = [make_no_progress]
    async with holding(scene, 1) as part, asyncio.TaskGroup() as beside:
        [slot] = part.busy
        slot.beaten_at = now() + 1_000  # no heart tells it
        await videos.cancel(scene.database, slot.video.id, account_id=scene.account_id)
        awake = [beside.create_task(part.listen()), beside.create_task(part.attend())]
        async with asyncio.timeout(10):
            await scene.engine.cancelled.wait()
        for task in awake:
            task.cancel()


@pytest.mark.parametrize("act", [videos.cancel, videos.delete])
async def test_a_cancel_is_heard_long_before_the_beat(act: object, scene: Scene) -> None:
    """Of six, hardly all would happen to beat within a few seconds."""
    assert callable(act)
    stopped = []

    async def be_stopped(engine: ScriptedEngine, attempt: Attempt) -> None:
        try:
            await engine.may_finish.wait()
        finally:
            stopped.append(attempt)

    scene.engine.script = [be_stopped] * 6
    async with scene.worker():
        made = await flood(scene, 6)
        await until_running(scene, made, 6)
        for video in made:
            await act(scene.database, video.id, account_id=scene.account_id)

        async def all_are_stopped() -> bool:
            return len(stopped) == 6

        await eventually(all_are_stopped, within=6)


async def test_a_worker_that_leaves_waits_for_no_job_elsewhere(scene: Scene) -> None:
    scene.engine.script = [wait_until_told] * 3
    made = await flood(scene, 3)
    async with asyncio.timeout(30), scene.worker(grace=timedelta(minutes=10)):
        await until_running(scene, made, 3)
    assert await statuses(scene, made) == [Status.QUEUED] * 3
    assert [(await scene.retrieve(video)).lost_count for video in made] == [0] * 3


async def test_a_worker_that_leaves_stores_the_film_that_is_on_its_way(scene: Scene) -> None:
    async def arrive(engine: ScriptedEngine, attempt: Attempt) -> None:
        await attempt.take_room()
        engine.started.set()
        await engine.may_finish.wait()

    scene.engine.script = [arrive]
    async with scene.worker(grace=timedelta(seconds=30)):
        [video] = await flood(scene, 1)
        await scene.engine.started.wait()
        asyncio.get_running_loop().call_later(0.3, scene.engine.may_finish.set)
    assert (await scene.retrieve(video)).status is Status.COMPLETED


async def test_more_than_a_batch_is_handed_back(scene: Scene) -> None:
    made = await flood(scene, rendering.HANDED_BACK_AT_ONCE + 3)
    await begin_some(scene, ONE, len(made))
    count = await rendering.hand_back_all(scene.database, ["scripted"], worker_id=ONE)
    assert count == len(made)
    assert set(await statuses(scene, made)) == {Status.QUEUED}


async def test_only_so_many_films_are_on_this_machine_at_once(scene: Scene) -> None:
    scene.workshop = replace(scene.workshop, rooms={"scripted": asyncio.Semaphore(2)})
    folders: list[int] = []

    async def arrive(engine: ScriptedEngine, attempt: Attempt) -> None:
        await attempt.take_room()
        attempt.workdir.joinpath("film").touch()
        folders.append(len(list(scene.workshop.scratch.iterdir())))

    scene.engine.script = [arrive] * 9
    made = await flood(scene, 9)
    async with scene.worker():
        for video in made:
            assert (await scene.ended(video, within=30)).status is Status.COMPLETED
    assert max(folders) <= 2
    assert list(scene.workshop.scratch.iterdir()) == []


async def test_an_engine_that_is_busy_is_no_fault_of_the_videos(scene: Scene) -> None:
    """One more and it would fail."""

    async def be_busy(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise EngineBusy("Full.", retry_after=timedelta(milliseconds=100))

    scene.engine.script = [be_busy] * 2
    [video] = await flood(scene, 1)
    async with scene.database.connection() as connection:
        await connection.execute("update video set unavailable_count = $1", UNAVAILABLE_LIMIT)
    async with scene.worker():
        ended = await scene.ended(video, within=60)
    assert (ended.status, ended.unavailable_count) == (Status.COMPLETED, UNAVAILABLE_LIMIT)
    assert ended.attempt == 3


async def test_the_wait_for_a_room_takes_nothing_of_the_time_that_a_render_may_take(
    scene: Scene,
) -> None:
    room, limit = asyncio.Semaphore(0), timedelta(seconds=3)
    scene.workshop = replace(scene.workshop, rooms={"scripted": room}, time_limit=limit)
    asyncio.get_running_loop().call_later(limit.total_seconds() + 0.5, room.release)

    async def arrive(engine: ScriptedEngine, attempt: Attempt) -> None:
        await attempt.take_room()

    scene.engine.script = [arrive]
    async with scene.worker():
        [video] = await flood(scene, 1)
        assert (await scene.ended(video, within=30)).status is Status.COMPLETED


async def an_extension(scene: Scene, tmp_path: Path) -> Video:
    film = tmp_path / "before.mp4"
    write_sample(film, seconds=2)
    key = ObjectKey("videos/kept/source.mp4")
    await scene.workshop.store.put_file(key, film)
    source = Source(use=SourceUse.EXTENSION, key=key, duration=2.0)
    return await scene.create(replace(SPEC, seconds=3, source=source))


async def test_what_was_sent_away_does_not_stay_here(scene: Scene, tmp_path: Path) -> None:
    seen: list[bool] = []

    async def be_accepted(engine: ScriptedEngine, attempt: Attempt) -> None:
        folder = attempt.references[0].parent
        seen.append(any(folder.iterdir()))
        await attempt.save(JOB)
        seen.append(folder.exists())
        await attempt.take_room()

    scene.engine.script = [be_accepted]
    async with scene.worker():
        done = await scene.ended(await an_extension(scene, tmp_path))
    assert seen == [True, False]
    assert done.asset is not None
    assert done.asset.duration == pytest.approx(3.0)


async def test_of_a_job_that_is_elsewhere_already_only_the_source_comes_again(
    scene: Scene, tmp_path: Path
) -> None:
    seen: list[tuple[Path, ...]] = []

    async def go_on(engine: ScriptedEngine, attempt: Attempt) -> None:
        seen.append(attempt.references)
        assert attempt.token == JOB
        await attempt.take_room()

    async def be_accepted(engine: ScriptedEngine, attempt: Attempt) -> None:
        await attempt.save(JOB)
        raise EngineBusy("Later.", retry_after=timedelta(milliseconds=10))

    scene.engine.script = [be_accepted, go_on]
    async with scene.worker():
        done = await scene.ended(await an_extension(scene, tmp_path))
    assert seen == [()]
    assert done.asset is not None
    assert done.asset.duration == pytest.approx(3.0)
