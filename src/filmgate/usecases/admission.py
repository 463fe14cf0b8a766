"""Admission: what an account may have waiting and running, what it may spend, and whose turn is next.

Whatever counts an account's videos or moves its money does so while it holds the account's row, so that the
limits are exact over all processes.
"""

from datetime import timedelta

import asyncpg

from filmgate.core import fairness
from filmgate.core.account import Account, AccountId
from filmgate.core.errors import QuotaExceeded, RateLimited
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Status, Video
from filmgate.database import accounts, ledger, line
from filmgate.database import fairness as clocks
from filmgate.database.fairness import Place
from filmgate.database.ledger import EntryKind

ASK_AGAIN = timedelta(seconds=15)
"""When an account's line is full: about when one of its videos may have ended."""


async def enter(connection: asyncpg.Connection, account_id: AccountId, spec: VideoSpec) -> Place:
    """A place in the line for another video of the account. Raises RateLimited when too many wait."""
    account = await accounts.lock(connection, account_id)
    await _check_queued_limit(connection, account)
    is_admitted = await _has_room_to_run(connection, account)
    cost = fairness.cost(spec, weight=account.weight)
    start = await clocks.take_place(connection, account_id, engine=spec.engine, cost=cost)
    return Place(start, cost, is_admitted=is_admitted)


async def reserve(connection: asyncpg.Connection, video: Video) -> None:
    """Hold back what the video may cost. Raises QuotaExceeded."""
    if video.reserved == 0:
        return
    is_paid = await ledger.write(
        connection,
        video.account_id,
        kind=EntryKind.RESERVE,
        amount=-video.reserved,
        video_id=video.id,
    )
    if not is_paid:
        balance = (await accounts.lock(connection, video.account_id)).balance
        raise QuotaExceeded(
            f"The video would cost up to {video.reserved / 1e6:g}, and the account has "
            f"{balance / 1e6:g} left. Ask the operator of this server for more."
        )


async def leave(connection: asyncpg.Connection, before: Video, after: Video) -> None:
    """The video has just ended: its account gets back what it did not use, and its next one a place."""
    account = await accounts.lock(connection, before.account_id)
    if before.reserved:
        is_done = after.status is Status.COMPLETED
        await ledger.write(
            connection,
            before.account_id,
            kind=EntryKind.SETTLE if is_done else EntryKind.RELEASE,
            amount=before.reserved - (after.charge or 0),
            video_id=before.id,
        )
    if before.status is Status.QUEUED and before.attempt == 0:
        await clocks.give_back(connection, before.id)
    await admit_waiting(connection, account)


async def admit_waiting(connection: asyncpg.Connection, account: Account) -> int:
    """Let as many of the account's videos stand in line as its limit allows. Return how many were let in."""
    if account.running_limit is None:
        return 0
    limit = account.running_limit
    room = limit - await line.count_admitted(connection, account.id, most=limit)
    return await line.admit(connection, account.id, most=room) if room > 0 else 0


async def let_in(connection: asyncpg.Connection, account: Account, *, most: int) -> int:
    """As `admit_waiting`; and where a limit is gone, so many of those whom it kept out."""
    if account.running_limit is None:
        return await line.admit(connection, account.id, most=most)
    return await admit_waiting(connection, account)


async def _check_queued_limit(connection: asyncpg.Connection, account: Account) -> None:
    limit = account.queued_limit
    if limit is None:
        return
    if await line.count_queued(connection, account.id, most=limit) >= limit:
        raise RateLimited(
            f"{limit} videos of this account are waiting, which is the most; let one begin first.",
            retry_after=ASK_AGAIN,
        )


async def _has_room_to_run(connection: asyncpg.Connection, account: Account) -> bool:
    if account.running_limit is None:
        return True
    limit = account.running_limit
    return await line.count_admitted(connection, account.id, most=limit) < limit
