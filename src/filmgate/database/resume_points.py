"""Resume points of videos that will never be made: what still goes on for them elsewhere has to be stopped."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from filmgate.core.ports import Token
from filmgate.core.video import VideoId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePoint:
    """What the last attempt at a video left, and of which engine."""

    video_id: VideoId
    engine: str
    token: Token


async def unwanted(
    connection: asyncpg.Connection,
    engines: Collection[str],
    *,
    quiet_for: timedelta,
    at_most: timedelta,
    limit: int,
) -> list[ResumePoint]:
    """Of videos that ended without a film so long ago, and not longer ago than `at_most`; the latest first."""
    rows = await connection.fetch(
        """
        select id, engine, token from video
        where token is not null and status in ('cancelled', 'failed') and engine = any($4::text[])
          and completed_at between now() - $2::interval and now() - $1::interval
        order by completed_at desc limit $3
        """,
        quiet_for,
        at_most,
        limit,
        list(engines),
    )
    return list(map(_resume_point, rows))


async def unwanted_of(connection: asyncpg.Connection, video_id: VideoId) -> ResumePoint | None:
    """As `unwanted`, of one video."""
    row = await connection.fetchrow(
        """
        select id, engine, token from video
        where id = $1 and token is not null and status in ('cancelled', 'failed')
        """,
        video_id,
    )
    return _resume_point(row) if row else None


async def clear(connection: asyncpg.Connection, point: ResumePoint) -> None:
    """It is dealt with, unless it was followed by another one meanwhile."""
    await connection.execute(
        "update video set token = null where id = $1 and token = $2::jsonb",
        point.video_id,
        json.dumps(dict(point.token)),
    )


def _resume_point(row: asyncpg.Record) -> ResumePoint:
    return ResumePoint(video_id=row["id"], engine=row["engine"], token=json.loads(row["token"]))
