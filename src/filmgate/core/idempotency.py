"""Idempotency keys: a client's own name for a create, by which the same create sent again is recognised."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import UUID, uuid4

from filmgate.core.account import AccountId
from filmgate.core.errors import IdempotencyConflict, IdempotencyInProgress, InvalidRequest

HEADER = "Idempotency-Key"
KEY_LIMIT = 255
KEPT_FOR = timedelta(hours=24)

LEASE = timedelta(seconds=20)
"""How long the key of a request that died unseen stays in progress. A living one renews its claim."""

_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(seconds=0.5), timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request's hold on a key of its account. `fingerprint` says what it wants, `holder` which request it is."""

    account_id: AccountId
    key: str
    fingerprint: bytes
    holder: UUID

    @classmethod
    def new(cls, account_id: AccountId, key: str, *, fingerprint: bytes) -> Self:
        return cls(account_id=account_id, key=key, fingerprint=fingerprint, holder=uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """What an earlier request has made of a key: nothing yet, while `made_id` is None."""

    fingerprint: bytes
    made_id: str | None
    age: timedelta

    def made_for(self, fingerprint: bytes) -> str:
        """The id of what the same request made. Raises IdempotencyInProgress or IdempotencyConflict."""
        # Whatever is asked for now: should the earlier request be refused, this one will be taken.
        if self.made_id is None:
            raise in_progress(under_way_for=self.age)
        if self.fingerprint != fingerprint:
            raise IdempotencyConflict(
                f"This {HEADER} was used for another request; use a new one for each."
            )
        return self.made_id


def in_progress(*, under_way_for: timedelta = timedelta()) -> IdempotencyInProgress:
    """Whoever asks is to wait as long again as the earlier request has taken so far."""
    return IdempotencyInProgress(
        f"The first request with this {HEADER} is still being worked on; send the same again.",
        retry_after=min(max(under_way_for, _SHORTEST_WAIT), _LONGEST_WAIT),
    )


def check_key(text: str) -> str:
    """Raises InvalidRequest."""
    if not 1 <= len(text) <= KEY_LIMIT:
        raise InvalidRequest(
            HEADER, f"{HEADER} has {len(text)} characters; it must have 1 to {KEY_LIMIT}."
        )
    if not (text.isascii() and text.isprintable()):
        raise InvalidRequest(
            HEADER, f"{HEADER} may hold letters, digits, signs and spaces of ASCII only."
        )
    return text
