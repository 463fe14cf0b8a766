"""Stopping: what goes on elsewhere for videos that will never be made."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from filmgate.core.errors import EngineUnavailable
from filmgate.core.ports import Engine
from filmgate.core.video import VideoId
from filmgate.database import resume_points
from filmgate.database.connection import Database
from filmgate.database.resume_points import ResumePoint

QUIET_FOR = timedelta(seconds=30)
"""A worker that was posting when its video was cancelled has noted the answer by then."""

AT_MOST = timedelta(days=1)
"""An upstream that is away for longer has forgotten the job, or finished it."""

BATCH = 20

log = structlog.get_logger()


async def stop_unwanted(
    database: Database, engines: Mapping[str, Engine], *, quiet_for: timedelta = QUIET_FOR
) -> int:
    """Tell the engines of videos that ended without a film and whose worker did not. Return how many were told."""
    async with database.connection() as connection:
        points = await resume_points.unwanted(
            connection, engines, quiet_for=quiet_for, at_most=AT_MOST, limit=BATCH
        )
    told, away = 0, set[str]()
    for point in points:
        if point.engine in away:
            continue
        if await _stop(database, engines[point.engine], point):
            told += 1
        else:
            away.add(point.engine)  # the others need not wait for its time limits again and again
    return told


async def stop_one(database: Database, engines: Mapping[str, Engine], *, video_id: VideoId) -> bool:
    """As `stop_unwanted`, at once, of a video whose attempt has ended. Return whether there was anything to tell."""
    async with database.connection() as connection:
        point = await resume_points.unwanted_of(connection, video_id)
    if point is None or point.engine not in engines:
        return False
    return await _stop(database, engines[point.engine], point)


async def _stop(database: Database, engine: Engine, point: ResumePoint) -> bool:
    try:
        await engine.forget(point.token)
    except EngineUnavailable as error:
        log.warning("upstream not told yet", video=point.video_id, reason=error.message)
        return False
    # Afterwards: a death between the two only tells it once more.
    async with database.connection() as connection:
        await resume_points.clear(connection, point)
    return True
