"""Creates under an idempotency key: however often one is sent, one thing is made of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar

import asyncpg
import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.idempotency import KEPT_FOR, LEASE, Claim, KnownKey, in_progress
from filmgate.database import idempotency
from filmgate.database.connection import Database
from filmgate.usecases.batches import remove_all
from filmgate.usecases.leases import renewing

T = TypeVar("T")

Make = Callable[[], Awaitable[T]]
"""Makes the thing, and calls `settle` with the claim in the transaction that does."""

Find = Callable[[str], Awaitable[T]]
"""Finds the thing again, by its id."""

BATCH = 1_000
_TRIES = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """What a create has made: now, or (`is_replay`) under the same key before."""

    thing: T
    is_replay: bool = False


async def once(
    database: Database,
    claim: Claim | None,
    *,
    make: Make[T],
    find: Find[T],
    lease: timedelta = LEASE,
) -> Made[T]:
    """Make it, or find what the same request has made before.

    Where `make` raises, the key is free again. Raises IdempotencyInProgress and IdempotencyConflict.
    """
    if claim is None:
        return Made(await make())
    try:
        known = await _take(database, claim, lease=lease)
        if known is None:
            return Made(await _holding(database, claim, make, lease=lease))
    except BaseException:
        await _release(database, claim)
        raise
    return Made(await find(known.made_for(claim.fingerprint)), is_replay=True)


async def settle(connection: asyncpg.Connection, claim: Claim | None, made_id: str) -> None:
    """Note what is made, in the transaction that makes it.

    Raises IdempotencyInProgress where we were silent for so long that another request has taken over: to roll
    back is then the only way to make one thing.
    """
    if claim is not None and not await idempotency.mark_made(connection, claim, made_id):
        raise in_progress()


async def trim(database: Database, *, keep_for: timedelta = KEPT_FOR, batch: int = BATCH) -> int:
    """Forget the keys that have had their time. Return how many there were."""
    trim_some = partial(idempotency.trim, keep_for=keep_for, limit=batch)
    return await remove_all(database, trim_some, batch=batch)


async def _take(database: Database, claim: Claim, *, lease: timedelta) -> KnownKey | None:
    """None once the key is ours; otherwise what is known of it."""
    async with database.connection() as connection:
        for _ in range(_TRIES):
            if await idempotency.take(connection, claim, lease=lease, keep_for=KEPT_FOR):
                return None
            known = await idempotency.find(connection, claim)
            if known is not None:
                return known
            # It was released between the two questions.
    raise in_progress()


async def _holding(database: Database, claim: Claim, make: Make[T], *, lease: timedelta) -> T:
    """What `make` makes. Pictures and films can take it longer than the lease."""

    async def renew() -> None:
        # Whether it is still ours is asked when something is made of it: see `settle`.
        async with database.connection() as connection:
            await idempotency.renew(connection, claim, lease=lease)

    return await renewing(make, renew, lease=lease, of="an idempotency key")


async def _release(database: Database, claim: Claim) -> None:
    try:
        async with database.connection() as connection:
            await idempotency.release(connection, claim)
    except DatabaseUnavailable as error:
        # The client is to hear why its request was refused; the lease will end by itself.
        log.warning("an idempotency key stays held", reason=error.message)
