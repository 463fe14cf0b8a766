"""Accounts and API keys: who is calling, and how keys come and go."""

from contextlib import suppress

import asyncpg

from filmgate.core.account import ApiKey, ApiKeyId, Caller, digest, hint, is_plausible, new_key
from filmgate.core.errors import Conflict, NotFound, Unauthenticated
from filmgate.database import accounts
from filmgate.database.connection import Database

FIRST_ACCOUNT = "default"


async def authenticate(database: Database, key: str) -> Caller:
    """Raises Unauthenticated for a mistyped, unknown or revoked key: the three look the same."""
    if is_plausible(key):
        async with database.connection() as connection:
            caller = await accounts.find_caller(connection, digest(key))
        if caller is not None:
            return caller
    raise Unauthenticated("The API key is not one of this server's, or it has been revoked.")


async def create_key(
    database: Database, *, account: str, name: str, key: str | None = None
) -> tuple[str, ApiKey]:
    """Make a key for the account, which is made too if need be. The key is returned here and never again.

    An operator may bring a `key` of their own. Raises Conflict when that key exists already.
    """
    secret = key if key is not None else new_key()
    async with database.transaction() as connection:
        account_id = await accounts.ensure_account(connection, account)
        try:
            kept = await accounts.insert_key(
                connection, account_id, name=name, digest=digest(secret), hint=hint(secret)
            )
        except asyncpg.UniqueViolationError as error:
            raise Conflict("This API key exists already.") from error
    return secret, kept


async def ensure_key(database: Database, key: str) -> None:
    """Let a key that the operator chose be a live one, of the first account if it is new.

    Raises Conflict when it was revoked. Many replicas may do this at once.
    """
    with suppress(Conflict):
        await create_key(database, account=FIRST_ACCOUNT, name="FILMGATE_API_KEY", key=key)
        return
    try:
        await authenticate(database, key)
    except Unauthenticated as error:
        raise Conflict("FILMGATE_API_KEY names a key that was revoked; choose another.") from error


async def has_live_key(database: Database) -> bool:
    async with database.connection() as connection:
        return await accounts.has_live_key(connection)


async def list_keys(database: Database) -> list[tuple[str, ApiKey]]:
    """Every key with its account's name, revoked ones too."""
    async with database.connection() as connection:
        return await accounts.list_keys(connection)


async def revoke_key(database: Database, key_id: ApiKeyId) -> None:
    """From now on the key opens nothing. Raises NotFound."""
    async with database.connection() as connection:
        if not await accounts.revoke_key(connection, key_id):
            raise NotFound(f"There is no API key number {key_id}; see: filmgate keys list")
