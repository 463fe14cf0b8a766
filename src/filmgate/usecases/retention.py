"""Retention and repair: what has to happen without anyone asking for it."""

from datetime import timedelta

import structlog

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import ObjectStore
from filmgate.core.video import Failure, VideoId
from filmgate.database import fairness, line, videos
from filmgate.database.connection import Database
from filmgate.usecases import admission, events
from filmgate.usecases.endings import end

GRACE = timedelta(minutes=15)
"""How long objects outlive their links, so that a download that began in time can end."""

BATCH = 100

log = structlog.get_logger()


async def remove_expired(
    database: Database, *, store: ObjectStore, grace: timedelta = GRACE
) -> int:
    """Delete the objects of videos whose day is over, or that were deleted. Return how many videos."""
    total = 0
    while True:
        async with database.connection() as connection:
            due = await videos.to_empty(connection, grace=grace, limit=BATCH)
        emptied = [await _empty(database, store, video_id=video_id) for video_id in due]
        total += sum(emptied)
        if len(due) < BATCH or not any(emptied):
            return total


async def _empty(database: Database, store: ObjectStore, *, video_id: VideoId) -> bool:
    """Objects first, then the note: a crash between the two only repeats the first."""
    try:
        await store.delete_folder(f"videos/{video_id}/")
    except StorageUnavailable as error:
        # One folder that resists must not keep the others; it is tried again next time.
        log.warning("expired objects stay", video=video_id, reason=error.message)
        return False
    async with database.connection() as connection:
        await videos.mark_emptied(connection, video_id)
    return True


async def fail_overdue(database: Database, *, queue_limit: timedelta) -> int:
    """Fail the videos that were accepted so long ago and still wait. Return how many there were."""
    failure = Failure("expired_in_queue", f"The video has waited for {queue_limit} in vain.")
    async with database.transaction() as connection:
        overdue = await line.lock_overdue(connection, waiting_for=queue_limit, limit=BATCH)
        at = await videos.now(connection)
        failed = [video.fail(failure, at=at) for video in overdue]
        for before, after in zip(overdue, failed, strict=True):
            await end(connection, before, after)
    await events.tell(database, *failed)
    return len(failed)


async def move_up(database: Database) -> int:
    """Let the videos behind cancelled ones have their places. Return how many moved."""
    async with database.transaction() as connection:
        return await fairness.move_up(connection)


async def admit_forgotten(database: Database) -> int:
    """Let in whoever might have been let in and was not. Return how many."""
    async with database.transaction() as connection:
        admitted = await admission.admit_forgotten(connection)
    if admitted:
        await events.call_workers(database)
    return admitted


async def return_postponed(database: Database) -> int:
    """Let those stand in line again whose pause is over. Return how many."""
    async with database.connection() as connection:
        return await line.return_postponed(connection)
