"""Candidates: videos that somebody wants, and the transaction in which as many as may be are accepted together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from filmgate.core import fairness, pricing
from filmgate.core.account import Account, AccountId, Caller
from filmgate.core.errors import (
    FilmgateError,
    NotFound,
    QuotaExceeded,
    RateLimited,
    ServiceUnavailable,
)
from filmgate.core.fairness import Place
from filmgate.core.idempotency import Claim, in_progress
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Dialect, Video, VideoId
from filmgate.database import accounts, idempotency, ledger, line, videos
from filmgate.database import fairness as clocks

ASK_AGAIN = timedelta(seconds=15)
"""When an account's line is full: about when one of its videos may have ended."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A video before it is accepted. Its `claim` is held, or its key is new and is taken with the acceptance."""

    video_id: VideoId
    spec: VideoSpec
    caller: Caller
    dialect: Dialect
    price_per_second: int | None = None
    remixed_from: VideoId | None = None
    claim: Claim | None = None

    @property
    def account_id(self) -> AccountId:
        return self.caller.account_id

    @property
    def price(self) -> int:
        """What it may cost, in micro-units."""
        return pricing.reservation(self.spec, self.price_per_second)


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
    rooms = await _rooms(connection, candidates, waits=waits)
    verdicts: dict[Candidate, Verdict] = {
        each: _missing(each, waits=waits) for each in candidates if each.account_id not in rooms
    }
    here = [each for each in candidates if each not in verdicts]
    held = await _hold_keys(connection, here)
    entered: dict[Candidate, bool] = {}
    for each in here:
        try:
            if each not in held:
                raise in_progress()
            entered[each] = rooms[each.account_id].enter(each)
        except FilmgateError as error:
            verdicts[each] = error
    refused = [each.claim for each in held if each not in entered and each.claim is not None]
    if refused:
        await idempotency.forget(connection, refused)
    if entered:
        verdicts |= await _write(connection, entered, rooms)
    return verdicts


@dataclass(slots=True)
class _Room:
    """What an account has waiting, running and to spend, candidate by candidate."""

    account: Account
    queued: int
    admitted: int
    balance: int

    def enter(self, candidate: Candidate) -> bool:
        """Take its part. Return whether it may stand in the line. Raises RateLimited or QuotaExceeded."""
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
        return is_admitted


async def _rooms(
    connection: asyncpg.Connection, candidates: Sequence[Candidate], *, waits: bool
) -> dict[AccountId, _Room]:
    """Of the accounts, which nobody else changes or counts from here on."""
    wanted = {each.account_id for each in candidates}
    found = await accounts.lock_all(connection, wanted, waits=waits)
    limits = {
        account.id: (account.queued_limit or 0, account.running_limit or 0)
        for account in found.values()
        if account.queued_limit is not None or account.running_limit is not None
    }
    counts = await line.count_all(connection, limits) if limits else {}
    return {
        account.id: _Room(account, *counts.get(account.id, (0, 0)), balance=account.balance)
        for account in found.values()
    }


def _missing(candidate: Candidate, *, waits: bool) -> FilmgateError:
    if not waits:
        return AccountBusy("Somebody else is changing the account at this moment; try again.")
    return NotFound(f"There is no account number {candidate.account_id}.")


async def _hold_keys(
    connection: asyncpg.Connection, candidates: Sequence[Candidate]
) -> set[Candidate]:
    """Those whose key is theirs, and those without one. Of two with the same key, one can have it."""
    made = {each.claim: each.video_id for each in candidates if each.claim}
    holders: set[UUID] = set()
    if made:
        holders = await idempotency.mark_all_made(connection, made)
    return {each for each in candidates if each.claim is None or each.claim.holder in holders}


async def _write(
    connection: asyncpg.Connection,
    entered: Mapping[Candidate, bool],
    rooms: Mapping[AccountId, _Room],
) -> dict[Candidate, Video]:
    at, places = await _take_places(connection, entered, rooms)
    accepted = {
        each: Video(
            id=each.video_id,
            account_id=each.account_id,
            api_key_id=each.caller.api_key_id,
            dialect=each.dialect,
            spec=each.spec,
            price_per_second=each.price_per_second,
            created_at=at,
            remixed_from=each.remixed_from,
            place=places[each],
        )
        for each in entered
    }
    await videos.insert(connection, list(accepted.values()))
    paid_for = (each for each in entered if each.price_per_second)
    priced = [(each.account_id, each.video_id, each.price) for each in paid_for if each.price]
    if priced:
        await ledger.reserve(connection, priced)
    return accepted


async def _take_places(
    connection: asyncpg.Connection,
    entered: Mapping[Candidate, bool],
    rooms: Mapping[AccountId, _Room],
) -> tuple[datetime, dict[Candidate, Place]]:
    """Of one account, each behind the one before it. And the moment at which they stand there."""
    costs = {
        each: fairness.cost(each.spec, weight=rooms[each.account_id].account.weight)
        for each in entered
    }
    sums: Counter[tuple[str, AccountId]] = Counter()
    for each, cost in costs.items():
        sums[each.spec.engine, each.account_id] += cost
    at, ends = await clocks.take_places(connection, sums)
    places: dict[Candidate, Place] = {}
    for each, cost in costs.items():
        line_of = each.spec.engine, each.account_id
        places[each] = Place(ends[line_of], cost, is_admitted=entered[each])
        ends[line_of] += cost
    return at, places
