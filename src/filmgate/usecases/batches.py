"""Batches: what is removed by age goes by so many rows at a time, so that nobody waits for a long statement."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg

from filmgate.database.connection import Database


async def remove_all(
    database: Database,
    remove: Callable[[asyncpg.Connection], Awaitable[int]],
    *,
    batch: int,
    pause: timedelta = timedelta(0),
) -> int:
    """Call `remove` until it finds fewer than a batch, each time by itself. Return how many there were."""
    total = 0
    while True:
        async with database.connection() as connection:
            removed = await remove(connection)
        total += removed
        if removed < batch:
            return total
        await asyncio.sleep(pause.total_seconds())
