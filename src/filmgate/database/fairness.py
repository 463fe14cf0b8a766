"""The clocks of fair queueing (`core/fairness.py`): where engines are, and where accounts end."""

from collections.abc import Sequence

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import VideoId

READ_AT_ONCE = 2_000
MOVED_AT_ONCE = 10_000
"""Videos of one account; those behind follow at the next round."""


async def advance(connection: asyncpg.Connection, video_id: VideoId) -> None:
    """The video begins: its engine's clock is at its start, or stays where it is if it is further."""
    await connection.execute(
        """
        insert into engine_clock as mine (engine, clock)
        select engine, fair_start from video where id = $1
        on conflict (engine) do update set clock = excluded.clock where mine.clock < excluded.clock
        """,
        video_id,
    )


async def give_back(connection: asyncpg.Connection, video_id: VideoId) -> None:
    """The video will never begin: its account ends so much earlier. `move_up` sees to those behind it."""
    await connection.execute(
        """
        update account_clock set finish = finish - fair_cost, gave_back = gave_back + 1
        from video
        where video.id = $1 and account_clock.engine = video.engine
          and account_clock.account_id = video.account_id
        """,
        video_id,
    )


async def move_up(connection: asyncpg.Connection, *, most: int = MOVED_AT_ONCE) -> int:
    """Let the videos behind those that were given back move up, of all accounts. Return how many moved.

    No more than about `most` of each account. For one process at a time: every statement commits by itself, and
    nobody waits for a long line to be counted.
    """
    lines = await connection.fetch(
        "select engine, account_id, gave_back from account_clock where gave_back > 0"
    )
    return sum([await _move_up_one(connection, *row, most=most) for row in lines])


async def note_duration(connection: asyncpg.Connection, engine: str, *, seconds: float) -> None:
    """How long a render took, for the estimate: a mean that forgets, in which the latest counts a fifth."""
    await connection.execute(
        """
        insert into engine_clock as mine (engine, render_seconds) values ($1, $2)
        on conflict (engine) do update
        set render_seconds = coalesce(mine.render_seconds * 0.8 + excluded.render_seconds * 0.2,
                                      excluded.render_seconds)
        """,
        engine,
        seconds,
    )


async def _move_up_one(
    connection: asyncpg.Connection,
    engine: str,
    account_id: AccountId,
    gave_back: int,
    *,
    most: int,
) -> int:
    """Whoever is cancelled or begun meanwhile only leaves the line, and the others keep their order."""
    moved, last, at_once = 0, (-1, ""), min(READ_AT_ONCE, most)
    start = await _start_of_line(connection, engine, account_id)
    while moved < most:
        waiting = await connection.fetch(
            """
            select id, fair_start, fair_cost from video
            where account_id = $2 and engine = $1 and status = 'queued' and (fair_start, id) > ($3, $4)
            order by fair_start, id limit $5
            """,
            engine,
            account_id,
            *last,
            at_once,
        )
        moved += await _move(connection, waiting, start=start)
        start += sum(row["fair_cost"] for row in waiting)
        if len(waiting) < at_once:
            await _note_moved(connection, engine, account_id, gave_back)
            break
        last = (waiting[-1]["fair_start"], waiting[-1]["id"])
    return moved


async def _start_of_line(connection: asyncpg.Connection, engine: str, account_id: AccountId) -> int:
    start: int = await connection.fetchval(
        """
        select greatest(
            (select coalesce(max(clock), 0) from engine_clock where engine = $1),
            (select finish from account_clock where engine = $1 and account_id = $2)
                - (select coalesce(sum(fair_cost), 0)::bigint from video
                   where account_id = $2 and engine = $1 and status = 'queued'))
        """,
        engine,
        account_id,
    )
    return start


async def _move(
    connection: asyncpg.Connection, waiting: Sequence[asyncpg.Record], *, start: int
) -> int:
    """Let each begin where the one before it ends, if that is earlier than now."""
    moves: dict[str, int] = {}
    for row in waiting:
        if start < row["fair_start"]:
            moves[row["id"]] = start
        start += row["fair_cost"]
    await connection.execute(
        """
        update video set fair_start = moved.start
        from unnest($1::text[], $2::bigint[]) as moved (id, start)
        where video.id = moved.id and status = 'queued' and fair_start > moved.start
        """,
        list(moves.keys()),
        list(moves.values()),
    )
    return len(moves)


async def _note_moved(
    connection: asyncpg.Connection, engine: str, account_id: AccountId, gave_back: int
) -> None:
    """Unless more was given back meanwhile: then the next round begins anew."""
    await connection.execute(
        """
        update account_clock set gave_back = 0
        where engine = $1 and account_id = $2 and gave_back = $3
        """,
        engine,
        account_id,
        gave_back,
    )
