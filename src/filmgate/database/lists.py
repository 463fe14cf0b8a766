"""Lists of an account's videos, in the order in which they were accepted.

That order can be followed forwards while others create: what comes later has a later place.
"""

from datetime import datetime
from typing import Final

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import Video, VideoId, moment_of
from filmgate.database.videos import COLUMNS, video_of

LOCK: Final = 0x66677320
"""Of the advisory locks of two numbers, those that begin with this one are lists' accounts.

Creates of one account hold its list lock together until they commit, and choose `created_at` once they have it; whoever
reads the list forwards waits for them, and so misses none whose place is before the ones that it saw.
"""


async def read_page(
    connection: asyncpg.Connection,
    account_id: AccountId,
    *,
    after: VideoId | None,
    limit: int,
    newest_first: bool,
) -> list[Video]:
    """An account's videos in the order in which they were accepted, beginning behind `after`.

    Of a video that is gone from the table its id still tells the place, to the millisecond.
    """
    # One bound for each end, and no more: of two at the same end an index scan may begin at the wider one.
    values: list[object] = [account_id, limit]
    bounds = ""
    if not newest_first:
        values.append(await _when_no_create_was_under_way(connection, account_id))
        bounds += "and created_at <= $3 "
    if after:
        values += await _place(connection, account_id, after)
        comparison = "<" if newest_first else ">"
        bounds += f"and (created_at, id) {comparison} (${len(values) - 1}, ${len(values)})"
    order = "desc" if newest_first else "asc"
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video where account_id = $1 and deleted_at is null {bounds}
        order by created_at {order}, id {order} limit $2
        """,
        *values,
    )
    return [video_of(row) for row in rows]


async def _when_no_create_was_under_way(
    connection: asyncpg.Connection, account_id: AccountId
) -> datetime:
    """A moment up to which the account's list will not change any more, but for what is deleted."""
    moment: datetime = await connection.fetchval(
        "select clock_timestamp() from pg_advisory_xact_lock($1, $2)",
        LOCK,
        account_id % 2**31,
    )
    return moment


async def _place(
    connection: asyncpg.Connection, account_id: AccountId, video_id: VideoId
) -> tuple[datetime, VideoId]:
    created_at = await connection.fetchval(
        "select created_at from video where id = $1 and account_id = $2", video_id, account_id
    )
    return created_at or moment_of(video_id), video_id
