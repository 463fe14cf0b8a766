"""What the pool's connections do at a moment."""

import asyncio

from filmgate.database.connection import Database
from tests.eventually import eventually


async def test_busy_idle_and_awaited_connections_are_told_apart(dsn: str) -> None:
    database = await Database.open(dsn, max_connections=1)
    assert (database.use.busy, database.use.idle, database.use.waiting) == (0, 1, 0)
    async with asyncio.TaskGroup() as callers, database.connection():
        waiting = callers.create_task(database.check())

        async def look() -> bool:
            return database.use.waiting == 1

        await eventually(look)
        assert (database.use.busy, database.use.idle) == (1, 0)
    assert waiting.done()
    assert (database.use.busy, database.use.idle, database.use.waiting) == (0, 1, 0)
    await database.aclose()
