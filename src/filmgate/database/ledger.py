"""The `ledger` table: every movement of an account's money, and the balance that it adds up to.

An entry and the balance change in one statement, in the transaction of what they are about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import VideoId


class EntryKind(StrEnum):
    """Why money moved. A grant is the operator's; the other three are about a video."""

    GRANT = "grant"
    RESERVE = "reserve"
    SETTLE = "settle"
    """Completed: what of the reservation was not used comes back."""
    RELEASE = "release"
    """Failed or cancelled: all of it comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A movement, in micro-units: positive ones raise the balance."""

    kind: EntryKind
    amount: int
    video_id: VideoId | None
    created_at: datetime


async def write(
    connection: asyncpg.Connection,
    account_id: AccountId,
    *,
    kind: EntryKind,
    amount: int,
    video_id: VideoId | None = None,
) -> None:
    """Note the movement. A reservation is for `reserve`: whether credit suffices is found out before it."""
    assert kind is not EntryKind.RESERVE
    await connection.execute(
        """
        with paid as (update account set balance = balance + $3 where id = $1 returning id)
        insert into ledger (account_id, kind, amount, video_id)
        select id, $2, $3, $4 from paid
        """,
        account_id,
        kind,
        amount,
        video_id,
    )


async def reserve(
    connection: asyncpg.Connection, amounts: Sequence[tuple[AccountId, VideoId, int]]
) -> None:
    """Hold back so much for each video. The accounts are locked, and were found to have enough."""
    await connection.execute(
        """
        with held as (
            insert into ledger (account_id, kind, amount, video_id)
            select account_id, 'reserve', -amount, video_id
            from unnest($1::bigint[], $2::text[], $3::bigint[]) as wanted (account_id, video_id, amount)
            returning account_id, amount)
        update account set balance = balance + moved.amount
        from (select account_id, sum(amount)::bigint as amount from held group by 1) as moved
        where account.id = moved.account_id
        """,
        [account_id for account_id, _, _ in amounts],
        [video_id for _, video_id, _ in amounts],
        [amount for _, _, amount in amounts],
    )


async def list_entries(
    connection: asyncpg.Connection, account_id: AccountId, *, limit: int
) -> list[Entry]:
    """The latest ones, newest first."""
    rows = await connection.fetch(
        """
        select kind, amount, video_id, created_at from ledger
        where account_id = $1 order by id desc limit $2
        """,
        account_id,
        limit,
    )
    return [
        Entry(
            kind=EntryKind(row["kind"]),
            amount=row["amount"],
            video_id=row["video_id"],
            created_at=row["created_at"],
        )
        for row in rows
    ]
