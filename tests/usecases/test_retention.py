"""What happens without anyone asking: objects go when their time has come, lost jobs come back."""

from datetime import timedelta
from pathlib import Path

from filmgate.core.errors import StorageUnavailable
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Asset, Status, Video
from filmgate.database.connection import Database
from filmgate.queue import jobs
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import rendering, retention, videos
from tests.usecases.conftest import Owner

AT_ONCE = timedelta(0)


async def finish(us: Owner, store: LocalObjectStore, *, keep_for: timedelta) -> Video:
    video = await us.create()
    claimed = await rendering.begin(us.database, video.id)
    assert claimed is not None
    key = ObjectKey(f"{rendering.attempt_folder(claimed)}video.mp4")
    await store.put_bytes(key, b"film")
    await store.put_bytes(ObjectKey(f"videos/{video.id}/references/0.webp"), b"picture")
    asset = Asset(key=key, size_bytes=4, duration=8.0)
    assert await rendering.complete(us.database, claimed, asset, keep_for=keep_for)
    return await us.retrieve(video)


def files(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "objects").rglob("*") if path.is_file()]


async def test_expired_bytes_go_and_the_record_stays(
    us: Owner, store: LocalObjectStore, tmp_path: Path
) -> None:
    video = await finish(us, store, keep_for=timedelta(0))
    assert await retention.remove_expired(us.database, store=store, grace=AT_ONCE) == 1
    assert files(tmp_path) == []
    assert (await us.retrieve(video)).status is Status.COMPLETED
    assert await retention.remove_expired(us.database, store=store, grace=AT_ONCE) == 0


async def test_a_download_that_began_in_time_may_end(
    us: Owner, store: LocalObjectStore, tmp_path: Path
) -> None:
    await finish(us, store, keep_for=timedelta(0))
    assert await retention.remove_expired(us.database, store=store) == 0
    assert sorted(files(tmp_path)) == ["0.webp", "video.mp4"]


async def test_a_video_whose_day_is_not_over_keeps_its_bytes(
    us: Owner, store: LocalObjectStore, tmp_path: Path
) -> None:
    await finish(us, store, keep_for=timedelta(days=1))
    assert await retention.remove_expired(us.database, store=store, grace=AT_ONCE) == 0
    assert "video.mp4" in files(tmp_path)


async def test_deleted_bytes_go_without_a_grace(
    us: Owner, store: LocalObjectStore, tmp_path: Path
) -> None:
    video = await finish(us, store, keep_for=timedelta(days=1))
    await videos.delete(us.database, video.id, account_id=us.account_id)
    assert await retention.remove_expired(us.database, store=store) == 1
    assert files(tmp_path) == []


async def test_a_video_that_lost_its_job_gets_another(us: Owner, database: Database) -> None:
    video = await us.create()
    kept = await us.create()
    async with database.connection() as connection:
        await jobs.remove(connection, video.id)
    assert await retention.enqueue_forgotten(database, quiet_for=AT_ONCE) == 1
    assert await retention.enqueue_forgotten(database, quiet_for=AT_ONCE) == 0
    async with database.connection() as connection:
        rows = await connection.fetch("select dedupe_key from pgqueuer")
    assert {row["dedupe_key"] for row in rows} == {video.id, kept.id}


async def test_a_video_just_created_is_not_taken_for_forgotten(
    us: Owner, database: Database
) -> None:
    video = await us.create()
    async with database.connection() as connection:
        await jobs.remove(connection, video.id)
    assert await retention.enqueue_forgotten(database, quiet_for=timedelta(seconds=10)) == 0


async def test_old_lines_of_the_queues_log_are_dropped(us: Owner, database: Database) -> None:
    await us.create()
    await retention.trim_queue_log(database, keep_for=AT_ONCE)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from pgqueuer_log") == 0


class Stubborn(LocalObjectStore):
    """One folder cannot be removed."""

    stuck = ""

    async def delete_folder(self, prefix: str) -> None:
        if self.stuck in prefix:
            raise StorageUnavailable("stuck")
        await super().delete_folder(prefix)


async def test_one_folder_that_resists_does_not_keep_the_others(us: Owner, tmp_path: Path) -> None:
    store = Stubborn(tmp_path / "objects")
    made = [await finish(us, store, keep_for=timedelta(0)) for _ in range(3)]
    store.stuck = made[0].id
    assert await retention.remove_expired(us.database, store=store, grace=AT_ONCE) == 2
    assert sorted(files(tmp_path)) == ["0.webp", "video.mp4"]


async def test_a_video_deleted_in_mid_render_is_emptied_once_its_worker_has_noticed(
    us: Owner, store: LocalObjectStore
) -> None:
    video = await us.create()
    assert await rendering.begin(us.database, video.id)
    await videos.delete(us.database, video.id, account_id=us.account_id)
    assert await retention.remove_expired(us.database, store=store) == 0
    async with us.database.connection() as connection:
        await connection.execute("update video set deleted_at = now() - interval '61 seconds'")
    assert await retention.remove_expired(us.database, store=store) == 1
