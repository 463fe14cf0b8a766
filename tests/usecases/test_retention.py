"""What happens without anyone asking: objects go when their time has come, what waits too long fails."""

from datetime import timedelta
from pathlib import Path

from filmgate.core.errors import StorageUnavailable
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Asset, Failure, Status, Video
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import rendering, retention, videos
from tests.claiming import begin, complete
from tests.usecases.conftest import Owner

AT_ONCE = timedelta(0)


async def finish(us: Owner, store: LocalObjectStore, *, keep_for: timedelta) -> Video:
    video = await us.create()
    claimed = await begin(us.database, video.id)
    key = ObjectKey(f"{rendering.attempt_folder(claimed)}video.mp4")
    await store.put_bytes(key, b"film")
    await store.put_bytes(ObjectKey(f"videos/{video.id}/references/0.webp"), b"picture")
    asset = Asset(key=key, size_bytes=4, duration=8.0)
    assert await complete(us.database, claimed, asset=asset, keep_for=keep_for)
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


async def test_a_video_that_waited_too_long_has_failed_and_says_so(us: Owner) -> None:
    old, new = await us.create(), await us.create()
    async with us.database.connection() as connection:
        await connection.execute(
            "update video set created_at = now() - interval '2 hours' where id = $1", old.id
        )
    limit = timedelta(hours=1)
    assert await retention.fail_overdue(us.database, queue_limit=limit) == 1
    assert await retention.fail_overdue(us.database, queue_limit=limit) == 0
    failed = await us.retrieve(old)
    assert failed.failure == Failure(
        "expired_in_queue", "The video has waited for 1:00:00 in vain."
    )
    assert (await us.retrieve(new)).status is Status.QUEUED


async def test_a_video_that_runs_has_not_waited_too_long(us: Owner) -> None:
    video = await begin(us.database, (await us.create()).id)
    assert await retention.fail_overdue(us.database, queue_limit=timedelta(0)) == 0
    assert (await us.retrieve(video)).status is Status.IN_PROGRESS


async def test_a_video_that_no_worker_can_take_over_has_failed_in_the_end(us: Owner) -> None:
    """Its worker died, and its engine is one that nobody knows any more."""
    video = await begin(us.database, (await us.create()).id)
    async with us.database.connection() as connection:
        await connection.execute("update video set created_at = now() - interval '2 days'")
    limit = timedelta(days=1)
    assert await retention.fail_overdue(us.database, queue_limit=limit) == 0
    async with us.database.connection() as connection:
        await connection.execute("update video set heartbeat_at = now() - interval '11 minutes'")
    assert await retention.fail_overdue(us.database, queue_limit=limit) == 1
    failed = await us.retrieve(video)
    assert failed.failure is not None
    assert failed.failure.code == "expired_in_queue"


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
    await begin(us.database, video.id)
    await videos.delete(us.database, video.id, account_id=us.account_id)
    assert await retention.remove_expired(us.database, store=store) == 0
    async with us.database.connection() as connection:
        await connection.execute("update video set deleted_at = now() - interval '61 seconds'")
    assert await retention.remove_expired(us.database, store=store) == 1
