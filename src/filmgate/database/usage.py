"""Usage: the counts, seconds and charges of a period's videos, grouped as one likes.

A video belongs to the day, in UTC, on which it was created; deleted ones count like all others, and so do those
whose records are gone: what they came to stands in `usage_by_day`.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from filmgate.core.account import AccountId, ApiKeyId


class Part(StrEnum):
    """What a row of usage can be about. What belongs to a key belongs to its account."""

    ACCOUNT = "account"
    KEY = "key"
    MODEL = "model"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, the last one included."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class KeyName:
    """Enough to know a key by."""

    id: ApiKeyId
    name: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What videos have in common, as far as it was asked for, and what they come to.

    `key` is None also for videos that were made before keys were noted. Of an extension only the seconds
    that are new were delivered. Unfinished videos are among `created` alone; `charge` is in micro-units.
    """

    account: str | None
    key: KeyName | None
    model: str | None
    day: date | None
    created: int
    completed: int
    failed: int
    cancelled: int
    delivered: timedelta
    charge: int


DAY: Final = "(created_at at time zone 'UTC')::date"
"""The day of a row of `video`, as the index `video_by_day` has it."""

_COLUMNS = {
    Part.ACCOUNT: "account_id",
    Part.KEY: "api_key_id",
    Part.MODEL: "model",
    Part.DAY: DAY,
}
_REMOVED = _COLUMNS | {Part.DAY: "day"}
_TYPES = {Part.ACCOUNT: "bigint", Part.KEY: "bigint", Part.MODEL: "text", Part.DAY: "date"}

DELIVERED: Final = """
    coalesce(sum(round(1000 * greatest(0, file_duration - case
        when source_use = 'extension' then source_duration else 0 end))), 0)::bigint
"""
"""The milliseconds that some rows of `video` come to."""


async def read(
    connection: asyncpg.Connection,
    period: Period,
    *,
    by: Set[Part],
    account_id: AccountId | None = None,
) -> list[Usage]:
    """By day, account, key and model, as far as these are asked for; a row without any is the sum of all."""
    parts = by | {Part.ACCOUNT} if Part.KEY in by else by
    rows = await connection.fetch(
        f"""
        with known as (
            select {_wanted(parts, _COLUMNS)},
                   count(*) as created,
                   count(*) filter (where status = 'completed') as completed,
                   count(*) filter (where status = 'failed') as failed,
                   count(*) filter (where status = 'cancelled') as cancelled,
                   {DELIVERED} as milliseconds,
                   coalesce(sum(charge), 0) as charge
            from video
            where {DAY} between $1 and $2 and ($3::bigint is null or account_id = $3)
            group by 1, 2, 3, 4
            union all
            select {_wanted(parts, _REMOVED)}, created, completed, failed, cancelled, milliseconds, charge
            from usage_by_day
            where day between $1 and $2 and ($3::bigint is null or account_id = $3)
        ), used as (
            select account, key, model, day, sum(created)::bigint as created,
                   sum(completed)::bigint as completed, sum(failed)::bigint as failed,
                   sum(cancelled)::bigint as cancelled, sum(milliseconds)::bigint as milliseconds,
                   sum(charge)::bigint as charge
            from known group by 1, 2, 3, 4)
        select account.name as account, api_key.id as key_id, api_key.name as key_name,
               api_key.hint as key_hint, used.model, used.day, created, completed, failed, cancelled,
               milliseconds, charge
        from used
        left join account on account.id = used.account
        left join api_key on api_key.id = used.key
        order by used.day, account.name, api_key.id, used.model
        """,
        period.since,
        period.until,
        account_id,
    )
    return [_usage(row) for row in rows]


def _wanted(parts: Set[Part], columns: Mapping[Part, str]) -> str:
    return ", ".join(
        f"{columns[part] if part in parts else f'null::{_TYPES[part]}'} as {part}" for part in Part
    )


def _usage(row: asyncpg.Record) -> Usage:
    key_id = row["key_id"]
    return Usage(
        account=row["account"],
        key=KeyName(ApiKeyId(key_id), row["key_name"], row["key_hint"]) if key_id else None,
        model=row["model"],
        day=row["day"],
        created=row["created"],
        completed=row["completed"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        delivered=timedelta(milliseconds=row["milliseconds"]),
        charge=row["charge"],
    )
