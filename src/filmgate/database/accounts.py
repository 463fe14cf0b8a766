"""The `account`, `api_key` and `signing_key` tables."""

import secrets
from collections.abc import Mapping

import asyncpg

from filmgate.core.account import AccountId, ApiKey, ApiKeyId, Caller

_KEY_COLUMNS = "id, account_id, name, hint, created_at, last_used_at, revoked_at"


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


async def find_caller(connection: asyncpg.Connection, digest: bytes) -> Caller | None:
    """Whose key it is, unless it is unknown or revoked. Notes the use, once a minute at most."""
    row = await connection.fetchrow(
        """
        select id, account_id, last_used_at < now() - interval '1 minute' as is_due
        from api_key where digest = $1 and revoked_at is null
        """,
        digest,
    )
    if row is None:
        return None
    if row["is_due"] is not False:
        await connection.execute("update api_key set last_used_at = now() where id = $1", row["id"])
    return Caller(AccountId(row["account_id"]), ApiKeyId(row["id"]))


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
