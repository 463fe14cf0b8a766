"""The line of each engine: which video goes next, which one was lost, and how long the others wait.

The video's own row is its place in the line (`fair_start`). Whoever claims one locks it and skips what others
have locked, so that no two workers ever wait for each other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import Video, VideoId
from filmgate.database.videos import COLUMNS, video_of

EXACT_TO = 1_000
"""Places behind that are estimated."""


Mark = tuple[int, str]
"""Where a video stands: start tag and id, in whose order the line is."""

KeptOut = list[Mark]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The first of a line, how many videos are being made, and how long the latest ones took."""

    marks: list[Mark]
    running: int
    render_seconds: float | None


async def lock_next(connection: asyncpg.Connection, engine: str, *, most: int = 1) -> list[Video]:
    """The queued videos that go next, in their order, locked until the transaction ends."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video
        where engine = $1 and status = 'queued' and is_admitted and not_before is null
        order by fair_start, id limit {most:d} for update skip locked
        """,
        engine,
    )
    return [video_of(row) for row in rows]


async def lock_lost(
    connection: asyncpg.Connection,
    engines: Collection[str],
    *,
    silent_for: timedelta,
    most: int = 1,
) -> list[Video]:
    """Videos in progress of which no heartbeat has come for so long, locked until the transaction ends."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video
        where engine = any($1::text[]) and status = 'in_progress'
          and heartbeat_at < now() - $2::interval
        limit {most:d} for update skip locked
        """,
        list(engines),
        silent_for,
    )
    return [video_of(row) for row in rows]


async def list_held(
    connection: asyncpg.Connection, worker_id: UUID, engines: Collection[str], *, most: int
) -> list[Video]:
    """What the worker still holds, or so many of it."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video
        where engine = any($2::text[]) and status = 'in_progress' and worker_id = $1
        limit {most:d}
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
        limit 1 for update skip locked
        """,
        waiting_for,
        silent_for,
    )
    return video_of(row) if row else None


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


async def count_all(
    connection: asyncpg.Connection, limits: Mapping[AccountId, tuple[int, int]]
) -> dict[AccountId, tuple[int, int]]:
    """How many of each account's videos wait, and how many are admitted; `limits` are the most to be counted."""
    rows = await connection.fetch(
        """
        select asked.id,
               (select count(*) from (
                   select from video where account_id = asked.id and status = 'queued'
                   limit asked.queued) as waiting) as queued,
               (select count(*) from (
                   select from video where account_id = asked.id and is_admitted
                     and status in ('queued', 'in_progress')
                   limit asked.admitted) as admitted) as admitted
        from unnest($1::bigint[], $2::int[], $3::int[]) as asked (id, queued, admitted)
        """,
        list(limits),
        [queued for queued, _ in limits.values()],
        [admitted for _, admitted in limits.values()],
    )
    return {AccountId(row["id"]): (row["queued"], row["admitted"]) for row in rows}


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


async def accounts_with_room(connection: asyncpg.Connection) -> list[AccountId]:
    """Whose videos wait outside the line though their limit would let one in, as far as it can be seen now."""
    rows = await connection.fetch(
        """
        with recursive kept_out (account_id) as (
            (select account_id from video where status = 'queued' and not is_admitted order by 1 limit 1)
            union all
            select (select video.account_id from video
                    where status = 'queued' and not is_admitted
                      and video.account_id > kept_out.account_id
                    order by 1 limit 1)
            from kept_out where account_id is not null)
        select id from kept_out join account on account.id = account_id
        where running_limit is null or running_limit > (
            select count(*) from (
                select from video
                where account_id = account.id and is_admitted and status in ('queued', 'in_progress')
                limit running_limit) as admitted)
        order by id
        """
    )
    return [AccountId(row["id"]) for row in rows]


async def read_front(connection: asyncpg.Connection, engine: str) -> Front:
    """The beginning of the engine's line, as far as places in it are told exactly."""
    marks = await connection.fetch(
        """
        select fair_start, id from video
        where engine = $1 and status = 'queued' and is_admitted and not_before is null
        order by fair_start, id limit $2
        """,
        engine,
        EXACT_TO,
    )
    speed = await connection.fetchrow(
        """
        select (select render_seconds from engine_clock where engine = $1) as render_seconds,
               (select count(*) from video where engine = $1 and status = 'in_progress') as running
        """,
        engine,
    )
    return Front(
        marks=[(row["fair_start"], row["id"]) for row in marks],
        running=max(speed["running"], 1),
        render_seconds=speed["render_seconds"],
    )


async def read_kept_out(
    connection: asyncpg.Connection, engine: str, account_id: AccountId
) -> KeptOut:
    """The account's videos that its limit keeps out of the line, as far as `read_front` goes."""
    rows = await connection.fetch(
        """
        select fair_start, id from video
        where account_id = $2 and engine = $1 and status = 'queued' and not is_admitted
        order by fair_start, id limit $3
        """,
        engine,
        account_id,
        EXACT_TO,
    )
    return [(row["fair_start"], row["id"]) for row in rows]
