"""The line, as those who stand in it see it."""

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import Status, Video
from filmgate.database import line
from filmgate.database.connection import Database
from filmgate.database.line import Wait

log = structlog.get_logger()


async def wait_of(database: Database, video: Video) -> Wait | None:
    """Where the caller's own video stands, or None if it waits no more.

    None, too, where the database is away: what was accepted must not be refused for want of this.
    """
    if video.status is not Status.QUEUED:
        return None
    try:
        async with database.connection() as connection:
            return await line.wait_of(connection, video)
    except DatabaseUnavailable:
        log.info("database away, a place in the line was not told", video=video.id)
        return None
