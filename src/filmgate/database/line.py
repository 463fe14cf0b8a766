"""The line of each engine: which video goes next, which one was lost, and how long the others wait.

The video's own row is its place in the line (`fair_start`). Whoever claims one locks it and skips what others
have locked, so that no two workers ever wait for each other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import Video, VideoId
from filmgate.database.videos import COLUMNS, video_of

EXACT_TO = 1_000
"""Places behind that are estimated."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A queued video's place in the line, 1 being next, and when it will begin if all goes on as it does."""

    position: int
    starts_in: timedelta


async def lock_next(connection: asyncpg.Connection, engine: str) -> Video | None:
    """The queued video that goes next, locked until the transaction ends."""
    row = await connection.fetchrow(
        f"""
        select {COLUMNS} from video
        where engine = $1 and status = 'queued' and is_admitted and not_before is null
        order by fair_start, id limit 1 for update skip locked
        """,
        engine,
    )
    return video_of(row) if row else None


async def lock_lost(
    connection: asyncpg.Connection, engines: Collection[str], *, silent_for: timedelta
) -> Video | None:
    """A video in progress of which no heartbeat has come for so long, locked until the transaction ends."""
    row = await connection.fetchrow(
        f"""
        select {COLUMNS} from video
        where engine = any($1::text[]) and status = 'in_progress'
          and heartbeat_at < now() - $2::interval
        limit 1 for update skip locked
        """,
        list(engines),
        silent_for,
    )
    return video_of(row) if row else None


async def lock_held(
    connection: asyncpg.Connection, worker_id: UUID, engines: Collection[str]
) -> list[Video]:
    """What the worker still holds, locked until the transaction ends."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video
        where engine = any($2::text[]) and status = 'in_progress' and worker_id = $1 for update
        """,
        worker_id,
        list(engines),
    )
    return [video_of(row) for row in rows]


async def postpone(connection: asyncpg.Connection, video_id: VideoId, *, delay: timedelta) -> None:
    """Let a queued video step out of the line for a while; its place stays its own."""
    await connection.execute(
        "update video set not_before = now() + $2::interval where id = $1", video_id, delay
    )


async def return_postponed(connection: asyncpg.Connection) -> int:
    """Let those whose pause is over stand in line again. Return how many."""
    return len(
        await connection.fetch(
            """
            with due as materialized (
                select id from video where status = 'queued' and not_before <= now()
                order by not_before limit 1000 for update skip locked)
            update video set not_before = null from due where video.id = due.id
            returning 1
            """
        )
    )


async def lock_overdue(connection: asyncpg.Connection, *, waiting_for: timedelta) -> Video | None:
    """A video that was accepted so long ago and waits, locked until the transaction ends."""
    row = await connection.fetchrow(
        f"""
        select {COLUMNS} from video
        where status = 'queued' and created_at < now() - $1::interval
        order by created_at limit 1 for update skip locked
        """,
        waiting_for,
    )
    return video_of(row) if row else None


async def lock_forsaken(
    connection: asyncpg.Connection, *, waiting_for: timedelta, silent_for: timedelta
) -> Video | None:
    """One in progress on which nobody has worked for so long: its engine may be one that no worker knows any more."""
    row = await connection.fetchrow(
        f"""
        select {COLUMNS} from video
        where status = 'in_progress' and created_at < now() - $1::interval
          and heartbeat_at < now() - $2::interval
        order by created_at limit 1 for update skip locked
        """,
        waiting_for,
        silent_for,
    )
    return video_of(row) if row else None


async def count_queued(connection: asyncpg.Connection, account_id: AccountId, *, most: int) -> int:
    """How many of the account's videos wait; no more than `most` are counted."""
    count: int = await connection.fetchval(
        """
        select count(*) from (
            select from video where account_id = $1 and status = 'queued' limit $2) as waiting
        """,
        account_id,
        most,
    )
    return count


async def count_admitted(
    connection: asyncpg.Connection, account_id: AccountId, *, most: int
) -> int:
    """How many of the account's videos stand in line or are being made; no more than `most` are counted."""
    count: int = await connection.fetchval(
        """
        select count(*) from (
            select from video
            where account_id = $1 and is_admitted and status in ('queued', 'in_progress')
            limit $2) as admitted
        """,
        account_id,
        most,
    )
    return count


async def admit(connection: asyncpg.Connection, account_id: AccountId, *, most: int) -> int:
    """Let so many more of the account's waiting videos stand in line, first come first. Return how many did."""
    return len(
        await connection.fetch(
            """
            with first as materialized (
                select id from video
                where account_id = $1 and status = 'queued' and not is_admitted
                order by fair_start, id limit $2 for update skip locked)
            update video set is_admitted = true from first where video.id = first.id
            returning 1
            """,
            account_id,
            most,
        )
    )


async def accounts_kept_out(connection: asyncpg.Connection) -> list[AccountId]:
    """Whose videos wait outside the line, in the order of their numbers."""
    rows = await connection.fetch(
        """
        select distinct account_id from video where status = 'queued' and not is_admitted
        order by account_id
        """
    )
    return [row["account_id"] for row in rows]


async def wait_of(connection: asyncpg.Connection, video: Video) -> Wait | None:
    """Where a queued video stands, or None if it waits no more."""
    place = await connection.fetchrow(
        """
        select engine, account_id, is_admitted, fair_start, id from video
        where id = $1 and status = 'queued'
        """,
        video.id,
    )
    if place is None:
        return None
    # With the place's values, and not joined with it: only so the index is read in its order, and no further.
    row = await connection.fetchrow(
        """
        with before as (
            (select fair_start from video
             where engine = $1 and status = 'queued' and is_admitted and not_before is null
               and (fair_start, id) < ($4, $5)
             order by fair_start, id limit $6)
            union all
            -- Whoever is kept out of the line by its account's limit stands behind its account's others.
            (select fair_start from video
             where account_id = $2 and engine = $1 and status = 'queued' and not is_admitted
               and not $3 and (fair_start, id) < ($4, $5)
             order by fair_start, id limit $6)
            order by 1 limit $6)
        select $4::bigint as start, count(*) as ahead, min(fair_start) as first, max(fair_start) as last,
               (select render_seconds from engine_clock where engine = $1) as render_seconds,
               (select greatest(count(*), 1) from video
                where engine = $1 and status = 'in_progress') as running
        from before
        """,
        *place,
        EXACT_TO,
    )
    return _wait(row, video.spec.seconds)


def _wait(row: asyncpg.Record, seconds: int) -> Wait:
    ahead: int = row["ahead"]
    if ahead >= EXACT_TO:
        # As if those behind the thousandth stood as close together as those before it.
        span, rest = row["last"] - row["first"], row["start"] - row["last"]
        ahead += round(ahead * rest / span) if span else 0
    each = row["render_seconds"] or float(seconds)
    return Wait(
        position=ahead + 1, starts_in=timedelta(seconds=each * (ahead + 1) / row["running"])
    )
