"""Leases: work that goes on while something is held, by a row that is renewed beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NoReturn, TypeVar

import structlog

from filmgate.core.errors import DatabaseUnavailable, FilmgateError

T = TypeVar("T")

log = structlog.get_logger()


async def renewing(
    work: Callable[[], Awaitable[T]],
    renew: Callable[[], Awaitable[object]],
    *,
    lease: timedelta,
    of: str,
) -> T:
    """What the work returns, or raises. `renew` is called four times a lease; an error of its own ends the work.

    While the database is away, the work goes on: whether it still holds what it holds, the database decides.
    """
    refusal: FilmgateError | None = None
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(_keep(renew, lease=lease, of=of))
        try:
            result = await work()
        except FilmgateError as error:
            refusal = error  # bare, not as part of a group
        finally:
            keeping.cancel()
    if refusal is not None:
        raise refusal
    return result


async def _keep(renew: Callable[[], Awaitable[object]], *, lease: timedelta, of: str) -> NoReturn:
    while True:
        await asyncio.sleep(lease.total_seconds() / 4)
        try:
            await renew()
        except DatabaseUnavailable as error:
            log.warning("a lease was not renewed", of=of, reason=error.message)
