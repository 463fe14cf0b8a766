"""A store without room, a scratch disk without room: the video waits, and is never completed without its file."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import Attempt
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Status, Variant, Video
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import retention
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
        return (found.status, found.attempt) == (Status.QUEUED, 1)

    await eventually(is_waiting)


async def stands_in_line_again(scene: Scene) -> None:
    async with scene.database.connection() as connection:
        await connection.execute("update video set not_before = now()")
    await retention.return_postponed(scene.database)


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
        await stands_in_line_again(scene)
        done = await scene.ended(video)
    assert (done.status, done.attempt) == (Status.COMPLETED, 2)
    assert (done.unavailable_count, done.crash_count, done.lost_count) == (0, 0, 0)
    assert {path.parent.name for path in scene.files()} == {"2"}


async def test_a_full_scratch_disk_makes_the_video_wait(scene: Scene) -> None:
    async def run_out(engine: ScriptedEngine, attempt: Attempt) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    scene.engine.script = [run_out]
    async with scene.worker():
        video = await scene.create()
        await waits(scene, video)
        await stands_in_line_again(scene)
        assert (await scene.ended(video)).status is Status.COMPLETED
