"""Admission: what an account gets back when a video of its own ends, and who comes in for it.

Whatever counts an account's videos or moves its money does so while it holds the account's row, so that the
limits are exact over all processes.
"""

import asyncpg

from filmgate.core.account import Account
from filmgate.core.video import Status, Video
from filmgate.database import accounts, ledger, line
from filmgate.database import fairness as clocks
from filmgate.database.ledger import EntryKind


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
