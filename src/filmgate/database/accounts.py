"""The `account`, `api_key` and `signing_key` tables."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import asyncpg

from filmgate.core.account import Account, AccountId, ApiKey, ApiKeyId, Caller
from filmgate.core.errors import NotFound

COLUMNS = """
    id, name, weight, running_limit, queued_limit, requests_per_minute, has_credit, balance
"""
_KEY_COLUMNS = "id, account_id, name, hint, created_at, last_used_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account, how many of its videos wait, and how many are being made."""

    account: Account
    waiting: int
    running: int


async def insert_account(connection: asyncpg.Connection, name: str) -> Account | None:
    """None where there is one of that name."""
    row = await connection.fetchrow(
        f"insert into account (name) values ($1) on conflict (name) do nothing returning {COLUMNS}",
        name,
    )
    return account_of(row) if row else None


async def ensure_account(connection: asyncpg.Connection, name: str) -> AccountId:
    """The account of that name, made if there is none."""
    account_id: int = await connection.fetchval(
        """
        insert into account (name) values ($1)
        on conflict (name) do update set name = excluded.name
        returning id
        """,
        name,
    )
    return AccountId(account_id)


async def lock(connection: asyncpg.Connection, account_id: AccountId) -> Account:
    """The account, and nobody else changes or counts what is its own before this transaction ends.

    Raises NotFound.
    """
    row = await connection.fetchrow(
        f"select {COLUMNS} from account where id = $1 for no key update", account_id
    )
    if row is None:
        raise NotFound(f"There is no account number {account_id}.")
    return account_of(row)


async def find_id(connection: asyncpg.Connection, name: str) -> AccountId | None:
    found = await connection.fetchval("select id from account where name = $1", name)
    return None if found is None else AccountId(found)


async def lock_named(connection: asyncpg.Connection, name: str) -> Account | None:
    """As `lock`, by name."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from account where name = $1 for no key update", name
    )
    return account_of(row) if row else None


async def write_limits(connection: asyncpg.Connection, account: Account) -> None:
    """All but its name and its balance, which only the ledger moves."""
    await connection.execute(
        """
        update account
        set weight = $2, running_limit = $3, queued_limit = $4, requests_per_minute = $5, has_credit = $6
        where id = $1
        """,
        account.id,
        account.weight,
        account.running_limit,
        account.queued_limit,
        account.requests_per_minute,
        account.has_credit,
    )


async def list_names(connection: asyncpg.Connection) -> list[str]:
    """Of every account."""
    return [row["name"] for row in await connection.fetch("select name from account")]


async def list_standings(
    connection: asyncpg.Connection, *, name: str | None = None
) -> list[Standing]:
    """Of every account, by name, or of the one with that name."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS}, coalesce(waiting.count, 0) as waiting, coalesce(running.count, 0) as running
        from account
        left join (select account_id, count(*) from video where status = 'queued' group by 1) as waiting
            on waiting.account_id = account.id
        left join (select account_id, count(*) from video where status = 'in_progress' group by 1) as running
            on running.account_id = account.id
        where $1::text is null or name = $1
        order by name
        """,
        name,
    )
    return [
        Standing(account_of(row), waiting=row["waiting"], running=row["running"]) for row in rows
    ]


async def insert_key(
    connection: asyncpg.Connection,
    account_id: AccountId,
    *,
    name: str,
    digest: bytes,
    hint: str,
) -> ApiKey:
    """Raises asyncpg.UniqueViolationError when the same key exists already."""
    row = await connection.fetchrow(
        f"""
        insert into api_key (account_id, name, digest, hint) values ($1, $2, $3, $4)
        returning {_KEY_COLUMNS}
        """,
        account_id,
        name,
        digest,
        hint,
    )
    return _api_key(row)


async def find_callers(
    connection: asyncpg.Connection, digests: Collection[bytes]
) -> dict[bytes, Caller]:
    """Whose keys these are, without those that are unknown or revoked. Notes their use, once a minute at most."""
    rows = await connection.fetch(
        """
        with due as materialized (
            select id from api_key
            where digest = any($1::bytea[]) and revoked_at is null
              and coalesce(last_used_at < now() - interval '1 minute', true)
            for no key update skip locked  -- other processes do the same at the same time
        ), noted as (
            update api_key set last_used_at = now() from due where api_key.id = due.id)
        select api_key.id, digest, account_id, requests_per_minute
        from api_key join account on account.id = account_id
        where digest = any($1::bytea[]) and revoked_at is null
        """,
        list(digests),
    )
    return {
        row["digest"]: Caller(
            AccountId(row["account_id"]),
            ApiKeyId(row["id"]),
            requests_per_minute=row["requests_per_minute"],
        )
        for row in rows
    }


async def list_keys(connection: asyncpg.Connection) -> list[tuple[str, ApiKey]]:
    """Every key with its account's name, oldest first."""
    rows = await connection.fetch(
        """
        select account.name as account, api_key.id, account_id, api_key.name, hint,
               api_key.created_at, last_used_at, revoked_at
        from api_key join account on account.id = account_id
        order by api_key.id
        """
    )
    return [(row["account"], _api_key(row)) for row in rows]


async def revoke_key(connection: asyncpg.Connection, key_id: ApiKeyId) -> bool:
    """Return whether there was such a key; revoking twice keeps the first moment."""
    found = await connection.fetchval(
        """
        update api_key set revoked_at = coalesce(revoked_at, now()) where id = $1 returning true
        """,
        key_id,
    )
    return bool(found)


async def has_live_key(connection: asyncpg.Connection) -> bool:
    return bool(
        await connection.fetchval("select exists (select from api_key where revoked_at is null)")
    )


async def signing_keys(connection: asyncpg.Connection) -> Mapping[str, bytes]:
    """The secrets that sign links, newest last; the first is made here when there is none."""
    await connection.execute(
        """
        insert into signing_key (id, secret)
        select '1', $1 where not exists (select from signing_key)
        on conflict do nothing
        """,
        secrets.token_bytes(32),
    )
    rows = await connection.fetch(
        "select id, secret from signing_key where retired_at is null order by created_at, id"
    )
    return {row["id"]: row["secret"] for row in rows}


def account_of(row: asyncpg.Record) -> Account:
    return Account(
        id=AccountId(row["id"]),
        name=row["name"],
        weight=row["weight"],
        running_limit=row["running_limit"],
        queued_limit=row["queued_limit"],
        requests_per_minute=row["requests_per_minute"],
        has_credit=row["has_credit"],
        balance=row["balance"],
    )


def _api_key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row["id"]),
        account_id=AccountId(row["account_id"]),
        name=row["name"],
        hint=row["hint"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
