"""The transaction in which as many candidates as may be are accepted together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from filmgate.core import fairness
from filmgate.core.account import Account, AccountId
from filmgate.core.candidate import Candidate
from filmgate.core.errors import (
    FilmgateError,
    NotFound,
    QuotaExceeded,
    RateLimited,
    ServiceUnavailable,
)
from filmgate.core.fairness import Ticket
from filmgate.core.idempotency import in_progress
from filmgate.core.video import Video
from filmgate.database import acceptance, idempotency, ledger, line

ASK_AGAIN = timedelta(seconds=15)
"""When an account's line is full: about when one of its videos may have ended."""


Verdict = Video | FilmgateError
"""The accepted video, or why there is none: RateLimited, QuotaExceeded or IdempotencyInProgress."""


class AccountBusy(ServiceUnavailable):
    """Somebody else is changing the account at this moment."""


async def accept(
    connection: asyncpg.Connection, candidates: Sequence[Candidate], *, waits: bool = True
) -> dict[Candidate, Verdict]:
    """Judge them in their order, and write those down that may be, in the caller's transaction.

    Whoever is refused leaves nothing behind, and is in nobody's way. Where nobody `waits` for accounts that others
    have locked, the verdict on their candidates is AccountBusy.
    """
    held = await acceptance.hold(connection, candidates, waits=waits)
    rooms = await _rooms(connection, held.accounts.values())
    verdicts: dict[Candidate, Verdict] = {
        each: _missing(each, waits=waits) for each in candidates if each.account_id not in rooms
    }
    here = [each for each in candidates if each not in verdicts]
    entered: dict[Candidate, Ticket] = {}
    for each in here:
        try:
            if not held.has_key(each):
                raise in_progress()
            entered[each] = rooms[each.account_id].enter(each)
        except FilmgateError as error:
            verdicts[each] = error
    refused = [each.claim for each in here if each not in entered and each.claim is not None]
    if refused:
        await idempotency.forget(connection, refused)
    if entered:
        verdicts |= await acceptance.write(connection, entered)
        await _reserve(connection, entered)
    return verdicts


@dataclass(slots=True)
class _Room:
    """What an account has waiting, running and to spend, candidate by candidate."""

    account: Account
    queued: int
    admitted: int
    balance: int

    def enter(self, candidate: Candidate) -> Ticket:
        """Take its part. Raises RateLimited or QuotaExceeded."""
        account, price = self.account, candidate.price
        if account.queued_limit is not None and self.queued >= account.queued_limit:
            raise RateLimited(
                f"{account.queued_limit} videos of this account are waiting, which is the most; let one "
                "begin first.",
                retry_after=ASK_AGAIN,
            )
        if price and account.has_credit and self.balance < price:
            raise QuotaExceeded(
                f"The video would cost up to {price / 1e6:g}, and the account has "
                f"{self.balance / 1e6:g} left. Ask the operator of this server for more."
            )
        is_admitted = account.running_limit is None or self.admitted < account.running_limit
        self.balance -= price
        self.queued += 1
        self.admitted += is_admitted
        return Ticket(fairness.cost(candidate.spec, weight=account.weight), is_admitted)


async def _rooms(
    connection: asyncpg.Connection, held: Collection[Account]
) -> dict[AccountId, _Room]:
    limits = {
        account.id: (account.queued_limit or 0, account.running_limit or 0)
        for account in held
        if account.queued_limit is not None or account.running_limit is not None
    }
    counts = await line.count_all(connection, limits) if limits else {}
    return {
        account.id: _Room(account, *counts.get(account.id, (0, 0)), balance=account.balance)
        for account in held
    }


def _missing(candidate: Candidate, *, waits: bool) -> FilmgateError:
    if not waits:
        return AccountBusy("Somebody else is changing the account at this moment; try again.")
    return NotFound(f"There is no account number {candidate.account_id}.")


async def _reserve(connection: asyncpg.Connection, entered: Collection[Candidate]) -> None:
    paid_for = (each for each in entered if each.price_per_second)
    priced = [(each.account_id, each.video_id, each.price) for each in paid_for if each.price]
    if priced:
        await ledger.reserve(connection, priced)
