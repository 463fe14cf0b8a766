"""Webhooks: endpoints that are told of events, the deliveries that tell them, and when to try again."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from filmgate.core.account import AccountId
from filmgate.core.event import Event, EventType

EndpointId = NewType("EndpointId", str)
"""26 characters, as a video's id. On the wire it carries the prefix `we_`."""

DeliveryId = NewType("DeliveryId", str)
"""26 characters, as a video's id. On the wire it carries the prefix `whd_`."""

SECRET_BYTES = 32
GONE = 410
_ASKS_FOR_TIME = (429, 503)
_LONGEST_REQUESTED_PAUSE = timedelta(hours=1)


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an account wants which events. `disabled_reason` is None while it gets them."""

    id: EndpointId
    account_id: AccountId
    url: str
    events: tuple[EventType, ...]
    created_at: datetime
    disabled_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One request. Without a `status_code` none was answered; `error` says what was wrong, if anything."""

    at: datetime
    status_code: int | None
    error: str | None
    duration: timedelta
    retry_after: timedelta | None = None

    @property
    def has_succeeded(self) -> bool:
        return self.error is None

    @property
    def ended_at(self) -> datetime:
        return self.at + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one endpoint. `failure` says why it was given up."""

    id: DeliveryId
    event: Event
    status: DeliveryStatus
    attempts: tuple[DeliveryAttempt, ...]
    next_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDelivery:
    """A delivery that a worker has claimed: nobody else sends it before `held_until`.

    `begun_at` is when its attempts began, or began anew by a replay; `tries` counts them since.
    """

    id: DeliveryId
    endpoint_id: EndpointId
    url: str
    secrets: tuple[bytes, ...]
    event: Event
    begun_at: datetime
    tries: int
    held_at: datetime
    held_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The pauses between attempts, the last of which is repeated, and when it is enough."""

    pauses: Sequence[timedelta] = (
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=3),
        timedelta(hours=6),
        timedelta(hours=12),
        timedelta(hours=24),
    )
    lasts: timedelta = timedelta(days=3)

    def next_at(
        self, held: HeldDelivery, attempt: DeliveryAttempt, *, luck: float
    ) -> datetime | None:
        """When to try again after this attempt; None when that would be too late.

        `luck` from 0 to 1 makes the pause up to a tenth longer, so that deliveries which failed together do
        not come back together. An endpoint may ask for an hour at most.
        """
        pause = self.pauses[min(held.tries, len(self.pauses) - 1)] * (1 + luck / 10)
        if attempt.status_code in _ASKS_FOR_TIME and attempt.retry_after is not None:
            pause = max(pause, min(attempt.retry_after, _LONGEST_REQUESTED_PAUSE))
        next_at = attempt.ended_at + pause
        return next_at if next_at <= held.begun_at + self.lasts else None


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """As its receiver is shown it, once. Always base64: verifiers take other secrets without a word."""
    return f"whsec_{b64encode(secret).decode()}"
