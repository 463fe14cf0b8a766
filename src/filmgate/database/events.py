"""The `event` table: what happened to videos, in the order in which it became true."""

from collections.abc import Collection
from datetime import datetime, timedelta

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.video import VideoId

_COLUMNS = "id, position, account_id, video_id, type, created_at"
_LOCK = 0x66677310
"""Of the advisory locks of two numbers, those that begin with this one are events' accounts."""


async def insert(
    connection: asyncpg.Connection,
    event_id: EventId,
    *,
    account_id: AccountId,
    video_id: VideoId,
    type_: EventType,
    at: datetime,
) -> Event:
    """Write the event down inside the caller's transaction, and as the last thing in it.

    Until the transaction ends, the account's other events wait: a reader who has seen a position has seen
    every lower one.
    """
    await connection.execute("select pg_advisory_xact_lock($1, $2)", _LOCK, account_id % 2**31)
    row = await connection.fetchrow(
        f"""
        insert into event (id, account_id, video_id, type, created_at) values ($1, $2, $3, $4, $5)
        returning {_COLUMNS}
        """,
        event_id,
        account_id,
        video_id,
        type_,
        at,
    )
    return _event(row)


async def list_after(
    connection: asyncpg.Connection,
    account_id: AccountId,
    *,
    position: int,
    limit: int,
    video_id: VideoId | None = None,
) -> list[Event]:
    """The account's events behind that position, oldest first; of one video only, if one is named."""
    # Two statements, so that neither has to read what the other one could skip.
    of_video = "and video_id = $4" if video_id else ""
    rows = await connection.fetch(
        f"""
        select {_COLUMNS} from event where account_id = $1 and position > $2 {of_video}
        order by position limit $3
        """,
        account_id,
        position,
        limit,
        *([video_id] if video_id else []),
    )
    return [_event(row) for row in rows]


async def last_position(connection: asyncpg.Connection, account_id: AccountId) -> int:
    """Zero where nothing has happened yet."""
    position: int = await connection.fetchval(
        "select coalesce(max(position), 0) from event where account_id = $1", account_id
    )
    return position


async def last_positions(
    connection: asyncpg.Connection, account_ids: Collection[AccountId]
) -> dict[AccountId, int]:
    """As `last_position`, of many accounts."""
    rows = await connection.fetch(
        """
        select asked, (select coalesce(max(position), 0) from event where account_id = asked) as last
        from unnest($1::bigint[]) as asked
        """,
        list(account_ids),
    )
    return {AccountId(row["asked"]): row["last"] for row in rows}


async def find_of_video(connection: asyncpg.Connection, video_id: VideoId) -> Event | None:
    """What the video came to, unless it has not yet, or it was forgotten."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from event where video_id = $1 order by position desc limit 1", video_id
    )
    return _event(row) if row else None


async def trim(connection: asyncpg.Connection, *, keep_for: timedelta, limit: int = 1_000) -> int:
    """Forget what happened so long ago that nobody will ask for it, oldest first. Return how much it was."""
    forgotten = await connection.fetch(
        """
        delete from event where id = any (array(
            select id from event where created_at < now() - $1::interval
            order by created_at limit $2 for update skip locked))
        returning true
        """,
        keep_for,
        limit,
    )
    return len(forgotten)


def _event(row: asyncpg.Record) -> Event:
    return Event(
        id=EventId(row["id"]),
        position=row["position"],
        account_id=AccountId(row["account_id"]),
        video_id=VideoId(row["video_id"]),
        type=EventType(row["type"]),
        created_at=row["created_at"],
    )
