"""What a worker's attempts and beats leave in the metrics."""

from filmgate.metrics import counts
from filmgate.usecases import videos
from filmgate.worker.beats import LIMIT
from tests.eventually import eventually
from tests.scripted_engine import be_unavailable, wait_until_told
from tests.worker.conftest import SPEC, Scene


def outcomes() -> dict[str, float]:
    found = counts.attempts_ended.read()
    return {outcome: n for (engine, outcome), n in found.items() if engine == SPEC.engine}


def ends() -> dict[str, float]:
    found = counts.videos_ended.read()
    return {status: n for (_, engine, status), n in found.items() if engine == SPEC.engine}


def added(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}


async def test_a_film_counts_as_created_attempted_and_ended(scene: Scene) -> None:
    attempts, ended = outcomes(), ends()
    created = counts.videos_created.read().get((SPEC.model, SPEC.engine), 0)
    renders = sum(counts.render_seconds.of(SPEC.engine).counts)
    async with scene.worker():
        await scene.ended(await scene.create())
    assert counts.videos_created.read()[SPEC.model, SPEC.engine] == created + 1
    assert added(attempts, outcomes()) == {"completed": 1}
    assert added(ended, ends()) == {"completed": 1}
    assert sum(counts.render_seconds.of(SPEC.engine).counts) == renders + 1


async def test_an_attempt_that_another_follows_ends_no_video(scene: Scene) -> None:
    attempts, ended = outcomes(), ends()
    scene.engine.script.append(be_unavailable)
    async with scene.worker():
        await scene.ended(await scene.create())
    assert added(attempts, outcomes()) == {"unavailable": 1, "completed": 1}
    assert added(ended, ends()) == {"completed": 1}


async def test_a_worker_that_leaves_hands_its_attempt_back(scene: Scene) -> None:
    attempts = outcomes()
    scene.engine.script.append(wait_until_told)
    await scene.create()
    async with scene.worker():
        await scene.engine.started.wait()
    assert added(attempts, outcomes()) == {"handed_back": 1}


async def test_a_cancelled_video_is_lost_to_its_worker(scene: Scene) -> None:
    attempts, ended = outcomes(), ends()
    scene.engine.script.append(wait_until_told)
    video = await scene.create()
    async with scene.worker():
        await scene.engine.started.wait()
        await videos.cancel(scene.database, video.id, account_id=scene.account_id)
        await scene.engine.cancelled.wait()

        async def look() -> bool:
            return added(attempts, outcomes()) == {"lost": 1}

        await eventually(look)
    assert added(ended, ends()) == {"cancelled": 1}


async def test_a_beat_that_the_database_does_not_take_is_missed(scene: Scene) -> None:
    missed = counts.heartbeats_missed.read()[()]
    scene.engine.script.append(wait_until_told)
    await scene.create()
    async with scene.worker():
        await scene.engine.started.wait()
        await scene.database.aclose()

        async def look() -> bool:
            return counts.heartbeats_missed.read()[()] > missed

        await eventually(look, within=2 * LIMIT.total_seconds())
