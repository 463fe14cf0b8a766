"""Resume points as far as they name jobs elsewhere: whose a job is, and which ones have to be stopped.

What the facts in one mean is said in `core/submission.py`, but for `told`, which is ours: the engine of a video
that will never be made has heard of it. They are kept as long as the video's record, since a job belongs to its video even then.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from filmgate.core.ports import Token
from filmgate.core.video import VideoId

_LOCK = 0x6A6F6273
"""Of the advisory locks of two numbers, those that begin with this one are jobs elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePoint:
    """What the last attempt at a video left, and of which engine."""

    video_id: VideoId
    engine: str
    token: Token


async def lock_job(connection: asyncpg.Connection, token: Token) -> None:
    """Nobody else names this job before the transaction ends; one without an id needs no such thing."""
    if "id" in token:
        await connection.execute(
            "select pg_advisory_xact_lock($1, hashtext($2))",
            _LOCK,
            f"{token.get('url')} {token['id']}",
        )


async def unclaimed(
    connection: asyncpg.Connection, video_id: VideoId, *, url: str, ids: Collection[str]
) -> list[str]:
    """Those of the jobs that no other video names, whatever became of that video."""
    rows = await connection.fetch(
        """
        select job from unnest($3::text[]) as job
        where not exists (select from video where token is not null and id <> $1
                          and token->>'url' = $2 and token->>'id' = job)
        """,
        video_id,
        url,
        list(ids),
    )
    return [row["job"] for row in rows]


async def is_free(connection: asyncpg.Connection, video_id: VideoId, token: Token) -> bool:
    """Whether the job that was found is the video's to take, as `Attempt.claim` has it. Wants `lock_job` before.

    Another video's submission was intended before its job could be found here: so it either is under way even
    now, or has named its job, or is looking for it too. And our own may have been named late by `note_late`.
    """
    is_free: bool = await connection.fetchval(
        """
        select coalesce(mine.token->>'id', $3) = $3
            and not exists (
                select from video as other
                where other.token is not null and other.token->>'url' = $2 and other.token->>'id' = $3
                  and other.id <> $1)
            and not exists (
                select from video as other
                where other.token is not null and other.token->>'url' = $2 and other.token->>'id' is null
                  and other.token->>'intent' is not null and other.token->>'sought' is null
                  and other.prompt = mine.prompt and other.status in ('queued', 'in_progress')
                  and other.id <> $1)
        from video as mine where mine.id = $1
        """,
        video_id,
        token["url"],
        token["id"],
    )
    return is_free


async def note_late(connection: asyncpg.Connection, video_id: VideoId, token: Token) -> None:
    """Keep the id that a superseded attempt heard after all, where nobody else knows any. Wants `lock_job` before.

    So that the job can be followed by whoever holds the video, or stopped. One that another video has taken
    meanwhile is that one's.
    """
    if "id" not in token:
        return
    await connection.execute(
        """
        update video set token = $2::jsonb, revision = revision + 1
        where id = $1 and token->>'intent' = $2::jsonb->>'intent' and token->>'id' is null
          and not exists (select from video as other where other.token is not null and other.id <> $1
                          and other.token->>'url' = $2::jsonb->>'url'
                          and other.token->>'id' = $2::jsonb->>'id')
        """,
        video_id,
        json.dumps(dict(token)),
    )


async def unwanted(
    connection: asyncpg.Connection,
    engine: str,
    *,
    quiet_for: timedelta,
    at_most: timedelta,
    limit: int,
) -> list[ResumePoint]:
    """Of videos that ended without a film so long ago, and not longer ago than `at_most`.

    The one that has waited longest comes first, since its video ended or since it was put off.
    """
    rows = await connection.fetch(
        """
        select id, engine, token from video
        where engine = $1 and status in ('cancelled', 'failed')
          and token is not null and token->>'told' is null
          and coalesce(tell_at, completed_at) between now() - $3::interval and now()
          and completed_at between now() - $3::interval and now() - $2::interval
        order by coalesce(tell_at, completed_at) limit $4
        """,
        engine,
        quiet_for,
        at_most,
        limit,
    )
    return list(map(_resume_point, rows))


async def unwanted_of(connection: asyncpg.Connection, video_id: VideoId) -> ResumePoint | None:
    """As `unwanted`, of one video."""
    row = await connection.fetchrow(
        """
        select id, engine, token from video
        where id = $1 and status in ('cancelled', 'failed')
          and token is not null and token->>'told' is null
        """,
        video_id,
    )
    return _resume_point(row) if row else None


async def is_anothers(connection: asyncpg.Connection, point: ResumePoint) -> bool:
    """Whether a video that goes on names the same job: then it may not be stopped."""
    found: bool = await connection.fetchval(
        """
        select exists (
            select from video where token is not null and id <> $1 and token->>'url' = $2
            and token->>'id' = $3 and status in ('queued', 'in_progress'))
        """,
        point.video_id,
        point.token.get("url"),
        point.token.get("id"),
    )
    return found


async def note_told(connection: asyncpg.Connection, point: ResumePoint) -> None:
    """It is dealt with, unless it was followed by another one meanwhile."""
    await connection.execute(
        """update video set token = token || '{"told": "yes"}' where id = $1 and token = $2::jsonb""",
        point.video_id,
        json.dumps(dict(point.token)),
    )


async def put_off(connection: asyncpg.Connection, point: ResumePoint, *, delay: timedelta) -> None:
    """Let all the others have their turn before it comes again."""
    await connection.execute(
        "update video set tell_at = now() + $2::interval where id = $1", point.video_id, delay
    )


def _resume_point(row: asyncpg.Record) -> ResumePoint:
    return ResumePoint(video_id=row["id"], engine=row["engine"], token=json.loads(row["token"]))
