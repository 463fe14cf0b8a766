"""Retention and repair: what has to happen without anyone asking for it."""

from datetime import timedelta

import structlog

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import ObjectStore
from filmgate.core.video import VideoId
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.queue import jobs

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


async def enqueue_forgotten(database: Database, *, quiet_for: timedelta) -> int:
    """Give a job to every unfinished video that has none. Return how many there were."""
    async with database.transaction() as connection:
        forgotten = await videos.without_job(connection, quiet_for=quiet_for, limit=BATCH)
        for video_id, engine in forgotten:
            await jobs.enqueue(connection, video_id, engine=engine)
    return len(forgotten)


async def trim_queue_log(database: Database, *, keep_for: timedelta = timedelta(days=1)) -> None:
    """Bound what the queue remembers about jobs that are gone."""
    async with database.connection() as connection:
        await jobs.trim_log(connection, keep_for=keep_for)
