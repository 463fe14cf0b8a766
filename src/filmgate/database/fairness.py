"""The clocks of fair queueing (`core/fairness.py`): where engines are, and where accounts end."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import VideoId

RETAG_LIMIT = 10_000
"""Videos of one account that are moved up at once; those behind follow at the next round."""


@dataclass(frozen=True, slots=True)
class Place:
    """A video's start tag and cost. Only what is admitted stands in the line."""

    start: int
    cost: int
    is_admitted: bool = True


async def take_place(
    connection: asyncpg.Connection, account_id: AccountId, *, engine: str, cost: int
) -> int:
    """The start tag of the account's next video, which moves the account's end back by the cost."""
    start: int = await connection.fetchval(
        """
        with engine_now as (select coalesce(max(clock), 0) as clock from engine_clock where engine = $1)
        insert into account_clock as mine (engine, account_id, finish)
        select $1, $2, clock + $3 from engine_now
        on conflict (engine, account_id) do update
        set finish = greatest(mine.finish, excluded.finish - $3) + $3
        returning finish - $3
        """,
        engine,
        account_id,
        cost,
    )
    return start


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
        update account_clock set finish = finish - fair_cost, gave_back = true
        from video
        where video.id = $1 and account_clock.engine = video.engine
          and account_clock.account_id = video.account_id
        """,
        video_id,
    )


async def move_up(connection: asyncpg.Connection) -> int:
    """Let the videos behind those that were given back move up, of all accounts. Return how many moved.

    Nobody waits for anybody here.
    """
    accounts = await connection.fetch(
        """
        select engine, account_id, finish from account_clock where gave_back
        for update skip locked
        """
    )
    return sum([await _move_up_one(connection, *row) for row in accounts])


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
    connection: asyncpg.Connection, engine: str, account_id: AccountId, finish: int
) -> int:
    """As long as somebody is changing one of them, all wait for the next round, or their order would change."""
    first = f"""
        select id, fair_start, fair_cost from video
        where account_id = $2 and engine = $1 and status = 'queued'
        order by fair_start, id limit {RETAG_LIMIT}
    """
    waiting = await connection.fetch(f"{first} for update skip locked", engine, account_id)
    if waiting != await connection.fetch(first, engine, account_id):
        return 0
    total = await connection.fetchval(
        """
        select coalesce(sum(fair_cost), 0)::bigint from video
        where account_id = $2 and engine = $1 and status = 'queued'
        """,
        engine,
        account_id,
    )
    moves = _moves(waiting, start=max(await _clock(connection, engine), finish - total))
    await connection.execute(
        """
        update video set fair_start = moved.start
        from unnest($1::text[], $2::bigint[]) as moved (id, start) where video.id = moved.id
        """,
        list(moves.keys()),
        list(moves.values()),
    )
    if len(moves) < RETAG_LIMIT:
        await connection.execute(
            "update account_clock set gave_back = false where engine = $1 and account_id = $2",
            engine,
            account_id,
        )
    return len(moves)


async def _clock(connection: asyncpg.Connection, engine: str) -> int:
    clock: int = await connection.fetchval(
        "select coalesce(max(clock), 0) from engine_clock where engine = $1", engine
    )
    return clock


def _moves(waiting: Sequence[asyncpg.Record], *, start: int) -> dict[str, int]:
    """The new start tags of those that move, when one begins where the one before it ends."""
    moves: dict[str, int] = {}
    for row in waiting:
        if start < row["fair_start"]:
            moves[row["id"]] = start
        start += row["fair_cost"]
    return moves
