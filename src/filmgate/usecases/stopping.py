"""Stopping: what goes on elsewhere for videos that will never be made."""

import asyncio
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

AGAIN_AFTER = timedelta(minutes=2)
"""Until an engine hears again of a job that it could not stop. By then the others have had their turn."""

BATCH = 20

ROUND_LIMIT = timedelta(seconds=5)
"""What one engine that does not answer may cost the others."""

log = structlog.get_logger()


async def stop_unwanted(
    database: Database,
    engines: Mapping[str, Engine],
    *,
    quiet_for: timedelta = QUIET_FOR,
    again_after: timedelta = AGAIN_AFTER,
) -> int:
    """Tell the engines of videos that ended without a film and whose worker did not. Return how many were told."""
    told = 0
    for name, engine in engines.items():
        async with database.connection() as connection:
            points = await resume_points.unwanted(
                connection, name, quiet_for=quiet_for, at_most=AT_MOST, limit=BATCH
            )
        told += await _stop_some(database, engine, points, again_after=again_after)
    return told


async def stop_one(database: Database, engines: Mapping[str, Engine], *, video_id: VideoId) -> bool:
    """As `stop_unwanted`, at once, of a video whose attempt has ended. Return whether there was anything to tell."""
    async with database.connection() as connection:
        point = await resume_points.unwanted_of(connection, video_id)
    if point is None or point.engine not in engines:
        return False
    return await _stop(database, engines[point.engine], point)


async def _stop_some(
    database: Database, engine: Engine, points: list[ResumePoint], *, again_after: timedelta
) -> int:
    """As many as the limit allows; the others come first next time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ROUND_LIMIT.total_seconds()
    told = 0
    for point in points:
        if loop.time() > until:
            break
        if await _stop(database, engine, point):
            told += 1
            continue
        # One job that cannot be stopped says nothing of the others.
        async with database.connection() as connection:
            await resume_points.put_off(connection, point, delay=again_after)
    return told


async def _stop(database: Database, engine: Engine, point: ResumePoint) -> bool:
    async with database.connection() as connection:
        is_anothers = await resume_points.is_anothers(connection, point)
    try:
        if not is_anothers:
            await engine.forget(point.token)
    except EngineUnavailable as error:
        log.warning("upstream not told yet", video=point.video_id, reason=error.message)
        return False
    # Afterwards: a death between the two only tells it once more.
    async with database.connection() as connection:
        await resume_points.note_told(connection, point)
    return True
