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
from filmgate.core.video import Status, Video, VideoId
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


async def hold(connection: asyncpg.Connection, video_id: VideoId, *, worker_id: UUID) -> None:
    """Note who works on it."""
    await connection.execute("update video set worker_id = $2 where id = $1", video_id, worker_id)


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
            update video set not_before = null
            where id in (select id from video
                         where status = 'queued' and not_before <= now()
                         order by not_before limit 1000 for update skip locked)
            returning 1
            """
        )
    )


async def lock_overdue(
    connection: asyncpg.Connection, *, waiting_for: timedelta, limit: int
) -> list[Video]:
    """Videos that were accepted so long ago and are queued, locked until the transaction ends."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video
        where status = 'queued' and created_at < now() - $1::interval
        order by created_at limit $2 for update skip locked
        """,
        waiting_for,
        limit,
    )
    return [video_of(row) for row in rows]


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


async def count_admitted(connection: asyncpg.Connection, account_id: AccountId) -> int:
    """How many of the account's videos stand in line or are being made."""
    count: int = await connection.fetchval(
        """
        select count(*) from video
        where account_id = $1 and is_admitted and status in ('queued', 'in_progress')
        """,
        account_id,
    )
    return count


async def admit(connection: asyncpg.Connection, account_id: AccountId, *, most: int) -> int:
    """Let so many more of the account's waiting videos stand in line, first come first. Return how many did."""
    return len(
        await connection.fetch(
            """
            update video set is_admitted = true
            where id in (select id from video
                         where account_id = $1 and status = 'queued' and not is_admitted
                         order by fair_start, id limit $2 for update skip locked)
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
    if video.status is not Status.QUEUED:
        return None
    row = await connection.fetchrow(
        """
        with mine as (
            select engine, account_id, is_admitted, fair_start, id from video
            where id = $1 and status = 'queued'),
        before as (
            (select line.fair_start from video as line, mine
             where line.engine = mine.engine and line.status = 'queued' and line.is_admitted
               and line.not_before is null and (line.fair_start, line.id) < (mine.fair_start, mine.id)
             order by line.fair_start, line.id limit $2)
            union all
            -- Whoever is kept out of the line by its account's limit stands behind its account's others.
            (select own.fair_start from video as own, mine
             where own.engine = mine.engine and own.account_id = mine.account_id and own.status = 'queued'
               and not mine.is_admitted and not own.is_admitted
               and (own.fair_start, own.id) < (mine.fair_start, mine.id)
             order by own.fair_start, own.id limit $2)
            order by 1 limit $2),
        clock as (select render_seconds from engine_clock, mine where engine_clock.engine = mine.engine),
        running as (
            select count(*) as count from video, mine
            where video.engine = mine.engine and video.status = 'in_progress')
        select mine.fair_start as start, (select count(*) from before) as ahead,
               (select min(fair_start) from before) as first,
               (select max(fair_start) from before) as last,
               (select render_seconds from clock) as render_seconds,
               greatest((select count from running), 1) as running
        from mine
        """,
        video.id,
        EXACT_TO,
    )
    return _wait(row, video.spec.seconds) if row else None


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
