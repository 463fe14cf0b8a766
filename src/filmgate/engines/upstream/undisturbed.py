"""Work that a cancellation may not cut in two."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


async def undisturbed(work: Awaitable[T], *, limit: timedelta) -> T:
    """Await it; when cancelled, give it so long to end by itself before the cancellation goes on."""
    async with asyncio.TaskGroup() as life:
        running = life.create_task(_outcome(work))
        try:
            outcome = await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running], timeout=limit.total_seconds())
            running.cancel()
            raise
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def _outcome(work: Awaitable[T]) -> T | Exception:
    """An exception as a value: raised in a task group, it would come out wrapped."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - it is raised again by the one who waits
        return error
