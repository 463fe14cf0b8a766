"""A worker on a host whose clock is ten minutes off loses nothing and takes nothing from others."""

from datetime import timedelta
from uuid import UUID

from filmgate.core.video import Status
from filmgate.usecases import rendering, retention
from tests.http.test_clocks import OFF, dsn
from tests.scripted_engine import be_unavailable, wait_until_told
from tests.worker.conftest import Scene

__all__ = ["dsn"]


async def test_a_running_video_is_not_taken_for_lost(scene: Scene) -> None:
    scene.engine.script = [wait_until_told]
    async with scene.worker():
        video = await scene.create()
        await scene.engine.started.wait()
        taken = await rendering.take_over_lost(
            scene.database,
            ["scripted"],
            worker_id=UUID(int=1),
            silent_for=timedelta(seconds=10),
        )
        assert taken == []
        scene.engine.may_finish.set()
        done = await scene.ended(video)
    assert (done.status, done.attempt) == (Status.COMPLETED, 1)
    assert done.completed_at is not None
    assert abs(done.completed_at - await scene.database.now()) < OFF / 2


async def test_a_pause_between_attempts_is_as_long_as_it_should_be(scene: Scene) -> None:
    scene.engine.script = [be_unavailable]
    async with scene.worker():
        assert (await scene.ended(await scene.create())).attempt == 2


async def test_nothing_expires_early_or_waits_too_long(scene: Scene) -> None:
    async with scene.worker():
        done = await scene.ended(await scene.create())
    waiting = await scene.create()
    assert await retention.remove_expired(scene.database, store=scene.workshop.store) == 0
    assert await retention.fail_overdue(scene.database, queue_limit=timedelta(minutes=5)) == 0
    assert (await scene.retrieve(waiting)).status is Status.QUEUED
    assert (await scene.retrieve(done)).asset is not None
    assert len(scene.files()) == 3
