"""Retention and repair: what has to happen without anyone asking for it."""

from datetime import timedelta
from functools import partial

import structlog

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import ObjectStore
from filmgate.core.video import Failure, VideoId
from filmgate.database import accounts, fairness, line, records, videos
from filmgate.database.connection import Database
from filmgate.usecases import admission, events, stopping
from filmgate.usecases.batches import remove_all
from filmgate.usecases.endings import end

GRACE = timedelta(minutes=15)
"""How long objects outlive their links, so that a download that began in time can end."""

BATCH = 100

RECORDS = 1_000
"""Old records that go in one statement, in about a tenth of a second."""

RECORDS_PAUSE = timedelta(milliseconds=100)
"""Between two such: whoever waits for the disk goes first."""

LET_IN_AT_ONCE = 10_000
"""Videos of an account that has no limit any more; the others follow."""

FORSAKEN_AFTER = timedelta(minutes=10)
"""A video in progress without a sign of life for so long is one that no worker can take over."""

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


async def remove_old_records(
    database: Database,
    *,
    keep_for: timedelta,
    batch: int = RECORDS,
    pause: timedelta = RECORDS_PAUSE,
) -> int:
    """Delete the rows of videos whose objects went so long ago. Return how many."""
    remove_some = partial(
        records.remove, keep_for=keep_for, stopped_for=stopping.AT_MOST, limit=batch
    )
    return await remove_all(database, remove_some, batch=batch, pause=pause)


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


async def fail_overdue(
    database: Database, *, queue_limit: timedelta, silent_for: timedelta = FORSAKEN_AFTER
) -> int:
    """Fail the videos that were accepted so long ago and that nobody makes. Return how many there were."""
    failure = Failure("expired_in_queue", f"The video has waited for {queue_limit} in vain.")
    for count in range(BATCH):
        # One at a time: whoever locks two accounts can meet another who locks them the other way round.
        async with database.transaction() as connection:
            video = await line.lock_overdue(
                connection, waiting_for=queue_limit
            ) or await line.lock_forsaken(
                connection, waiting_for=queue_limit, silent_for=silent_for
            )
            if video is None:
                return count
            failed = video.fail(failure, at=await videos.now(connection))
            await end(connection, video, failed)
        await events.tell(database, failed)
    return BATCH


async def move_up(database: Database, *, most: int = fairness.MOVED_AT_ONCE) -> int:
    """Let the videos behind cancelled ones have their places. Return how many moved."""
    async with database.connection() as connection:
        return await fairness.move_up(connection, most=most)


async def admit_forgotten(database: Database) -> int:
    """Let in whoever might have been let in and was just being changed. Return how many."""
    async with database.connection() as connection:
        with_room = await line.accounts_with_room(connection)
    admitted = 0
    for account_id in with_room:
        async with database.transaction() as connection:
            account = await accounts.lock(connection, account_id)
            admitted += await admission.let_in(connection, account, most=LET_IN_AT_ONCE)
    if admitted:
        await events.call_workers(database)
    return admitted


async def return_postponed(database: Database) -> int:
    """Let those stand in line again whose pause is over. Return how many."""
    async with database.connection() as connection:
        return await line.return_postponed(connection)
