"""Events: noted in the transaction that makes them true, and read by those who follow them."""

from datetime import UTC, datetime

import asyncpg
import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.video import Status, Video, new_video_id
from filmgate.core.webhook import DeliveryId
from filmgate.database import deliveries, events, notices, webhooks
from filmgate.database.connection import Database
from filmgate.usecases import counting

log = structlog.get_logger()


async def record(connection: asyncpg.Connection, video: Video) -> Event:
    """The video has just become terminal, in the caller's transaction: its last statement but the commit.

    Whoever is to be told by webhook will be, once the transaction is committed.
    """
    assert video.completed_at is not None
    event = await events.insert(
        connection,
        EventId(new_video_id(datetime.now(UTC))),
        account_id=video.account_id,
        video_id=video.id,
        type_=EventType.of(video.status),
        at=video.completed_at,
    )
    wanting = await webhooks.lock_wanting(connection, event.account_id, event.type)
    if wanting:
        wanted = {each: DeliveryId(new_video_id(datetime.now(UTC))) for each in wanting}
        await deliveries.insert(connection, event.id, wanted)
    return event


async def tell(database: Database, *changed: Video) -> None:
    """Say aloud, after the commit, that these videos have changed. Whoever misses it looks again anyway.

    Of those that wait or have ended, workers hear too: there may be something to do, or room for another.
    """
    for video in changed:
        counting.note_change(video)
    try:
        async with database.connection() as connection:
            await notices.announce(connection, changed)
            if any(video.status is not Status.IN_PROGRESS for video in changed):
                await notices.call_workers(connection)
    except DatabaseUnavailable:
        log.info("database away, a notice was lost", videos=len(changed))


async def call_workers(database: Database) -> None:
    """Say aloud, after the commit, that a video waits. A worker that misses it looks by itself within a second."""
    try:
        async with database.connection() as connection:
            await notices.call_workers(connection)
    except DatabaseUnavailable:
        log.info("database away, workers were not called")
