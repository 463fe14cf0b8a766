"""A store without room, a scratch disk without room: the video waits, and is never completed without its file."""

import asyncio
import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import Attempt, Pictures
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Status, Variant, Video
from filmgate.media.bench import MediaBench
from filmgate.media.errors import MediaStarved
from filmgate.storage.local import LocalObjectStore
from tests.eventually import eventually
from tests.scripted_engine import ScriptedEngine
from tests.worker.conftest import Scene


class FullStore(LocalObjectStore):
    """Takes nothing whose key ends so, until there is room again."""

    full_for = ""

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        if self.full_for and key.endswith(self.full_for):
            raise StorageUnavailable("The object store has no room left.")
        await super().put_file(key, path)


async def waits(scene: Scene, video: Video) -> None:
    async def is_waiting() -> bool:
        found = await scene.retrieve(video)
        assert found.status is not Status.COMPLETED
        return found.status is Status.QUEUED and found.attempt > 0

    await eventually(is_waiting)


@pytest.mark.parametrize("variant", Variant)
async def test_a_full_store_makes_the_video_wait_and_leaves_no_part_of_it(
    variant: Variant, scene: Scene
) -> None:
    store = FullStore(scene.objects)
    store.full_for = variant.file_name
    scene.workshop = replace(scene.workshop, store=store)
    async with scene.worker():
        video = await scene.create()
        await waits(scene, video)
        store.full_for = ""
        done = await scene.ended(video)
    assert done.status is Status.COMPLETED
    assert (done.unavailable_count, done.crash_count, done.lost_count) == (0, 0, 0)
    assert {path.parent.name for path in scene.files()} == {str(done.attempt)}


async def test_a_full_scratch_disk_makes_the_video_wait(scene: Scene) -> None:
    async def run_out(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    scene.engine.script = [run_out]
    async with scene.worker():
        video = await scene.create()
        await waits(scene, video)
        done = await scene.ended(video)
    assert (done.status, done.crash_count) == (Status.COMPLETED, 0)


async def test_a_machine_without_room_does_not_run_through_the_whole_line(scene: Scene) -> None:
    """Another worker, which has room, must get the most of it."""

    async def run_out(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    scene.engine.script = [run_out] * 100
    scene.workshop = replace(scene.workshop, scarcity_pause=timedelta(seconds=30))
    made = [await scene.create() for _ in range(10)]
    async with scene.worker(slots=2):

        async def two_were_handed_back() -> bool:
            found = [await scene.retrieve(video) for video in made]
            return sum(video.attempt for video in found) == 2 and all(
                video.status is Status.QUEUED for video in found
            )

        await eventually(two_were_handed_back)
        await asyncio.sleep(1.5)  # time enough for more, were more to come
        assert await two_were_handed_back()


async def test_pictures_for_which_there_is_no_room_wait_too(scene: Scene) -> None:
    class Starved(MediaBench):
        is_starved = True

        async def pictures(self, video: Path, *, into: Path) -> Pictures:
            if self.is_starved:
                raise MediaStarved("no room")
            return await super().pictures(video, into=into)

    bench = Starved()
    scene.workshop = replace(scene.workshop, bench=bench)
    async with scene.worker():
        video = await scene.create()
        await waits(scene, video)
        bench.is_starved = False
        done = await scene.ended(video)
    await bench.aclose()
    assert (done.status, done.unavailable_count) == (Status.COMPLETED, 0)
