"""How much waits and runs. Counted up to a bound: with a million waiting it costs what it does with thousands.

What is counted is asked for in an index's order, so that no other way is taken where statistics are missing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

MOST: Final = 10_000
"""More are counted as this many."""

_OLDEST: Final = 1_000
_HEAD: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDepth:
    """`queued` stand in the engine's line; `oldest` is how long one has waited, as far as can be seen."""

    engine: str
    queued: int
    running: int
    oldest: timedelta


async def of_engines(connection: asyncpg.Connection, engines: Collection[str]) -> list[EngineDepth]:
    """The oldest is exact where it is among the thousand oldest of all engines, else the oldest of the line's head."""
    rows = await connection.fetch(
        f"""
        with old as materialized (
            select engine, created_at from video where status = 'queued'
            order by created_at limit {_OLDEST})
        select engine,
               (select count(*) from (
                    select from video
                    where video.engine = named.engine and status = 'queued' and is_admitted
                      and not_before is null
                    order by fair_start, id limit {MOST}) as line) as queued,
               (select count(*) from (
                    select from video
                    where video.engine = named.engine and status = 'in_progress'
                    limit {MOST}) as running) as running,
               coalesce(now() - coalesce(
                    (select min(created_at) from old where old.engine = named.engine),
                    (select min(created_at) from (
                        select created_at from video
                        where video.engine = named.engine and status = 'queued' and is_admitted
                          and not_before is null
                        order by fair_start, id limit {_HEAD}) as head)), '0') as oldest
        from unnest($1::text[]) as named (engine)
        """,
        list(engines),
    )
    return [EngineDepth(**row) for row in rows]


async def count_held_back(connection: asyncpg.Connection) -> int:
    """Queued videos that stand in no line: kept out by their account's limit, or between two attempts."""
    count: int = await connection.fetchval(
        f"""
        select (select count(*) from (
                    select from video where status = 'queued' and not is_admitted
                    order by account_id, fair_start, id limit {MOST}) as kept_out)
             + (select count(*) from (
                    select from video where status = 'queued' and not_before is not null
                    order by not_before limit {MOST}) as postponed)
        """
    )
    return count


async def count_pending_deliveries(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval(
        f"""
        select count(*) from (
            select from delivery where status = 'pending' limit {MOST}) as pending
        """
    )
    return count
