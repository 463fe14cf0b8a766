"""What the database says at the end, read in one transaction and by plain SQL: the server's own code is on trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRecord:
    """A row of `video`. `is_overdue` when it was deleted long ago, and its objects have not been removed."""

    id: str
    account: str
    prompt: str
    status: str
    attempt: int
    file_key: str | None
    file_bytes: int | None
    input_keys: tuple[str, ...]
    is_deleted: bool
    is_emptied: bool
    is_overdue: bool
    is_priced: bool
    charge: int | None
    failure: str | None

    @property
    def is_terminal(self) -> bool:
        return self.status in ("completed", "failed", "cancelled")

    @property
    def is_kept(self) -> bool:
        """Its film is there for whoever asks."""
        return self.status == "completed" and not self.is_deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    name: str
    has_credit: bool
    balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecord:
    account: str
    video: str | None
    kind: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    id: str
    account: str
    video: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    account: str
    endpoint: str
    event: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All of it, as of one moment."""

    videos: Sequence[VideoRecord]
    accounts: Sequence[AccountRecord]
    ledger: Sequence[LedgerRecord]
    events: Sequence[EventRecord]
    deliveries: Sequence[DeliveryRecord]

    @property
    def is_quiet(self) -> bool:
        """Nothing is left to be made or told."""
        return all(video.is_terminal for video in self.videos) and all(
            delivery.status != "pending" for delivery in self.deliveries
        )


_VIDEOS = """
    select video.id, account.name as account, prompt, status, attempt, file_key, file_bytes,
           reference_keys, source_key, deleted_at is not null as is_deleted,
           emptied_at is not null as is_emptied,
           emptied_at is null and coalesce(deleted_at < now() - interval '3 minutes', false)
               as is_overdue, coalesce(price_per_second, 0) > 0 as is_priced,
           charge, failure_code || ': ' || failure_message as failure
    from video join account on account.id = account_id
"""
_ACCOUNTS = "select name, has_credit, balance from account"
_LEDGER = """
    select account.name as account, video_id as video, kind, amount
    from ledger join account on account.id = account_id order by ledger.id
"""
_EVENTS = """
    select event.id, account.name as account, video_id as video, type
    from event join account on account.id = account_id
"""
_DELIVERIES = """
    select account.name as account, endpoint_id as endpoint, event_id as event, status
    from delivery
    join webhook_endpoint on webhook_endpoint.id = endpoint_id
    join account on account.id = webhook_endpoint.account_id
"""


async def read_records(dsn: str) -> Records:
    """As of one moment."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return Records(
                videos=[_video(row) for row in await connection.fetch(_VIDEOS)],
                accounts=[AccountRecord(**row) for row in await connection.fetch(_ACCOUNTS)],
                ledger=[LedgerRecord(**row) for row in await connection.fetch(_LEDGER)],
                events=[EventRecord(**row) for row in await connection.fetch(_EVENTS)],
                deliveries=[DeliveryRecord(**row) for row in await connection.fetch(_DELIVERIES)],
            )
    finally:
        await connection.close()


def _video(row: asyncpg.Record) -> VideoRecord:
    fields: dict[str, Any] = dict(row)
    source = fields.pop("source_key")
    references = fields.pop("reference_keys")
    return VideoRecord(**fields, input_keys=(*references, *([source] if source else [])))
