"""Accounts and API keys: who is calling, how keys come and go, and what the operator lets an account do."""

import difflib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

import asyncpg

from filmgate.core.account import (
    Account,
    AccountId,
    ApiKey,
    ApiKeyId,
    Caller,
    digest,
    hint,
    is_plausible,
    new_key,
)
from filmgate.core.errors import Conflict, NotFound, Unauthenticated
from filmgate.database import accounts, ledger
from filmgate.database.accounts import Standing
from filmgate.database.connection import Database
from filmgate.database.ledger import Entry, EntryKind
from filmgate.usecases import admission, events

FIRST_ACCOUNT = "default"
_ALL = 2**31


@dataclass(frozen=True, slots=True)
class Limit:
    """What a limit is to be; None takes it away."""

    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be different about an account. What is None stays as it is."""

    weight: int | None = None
    running: Limit | None = None
    queued: Limit | None = None
    requests_per_minute: Limit | None = None
    has_credit: bool | None = None

    def applied_to(self, account: Account) -> Account:
        return replace(
            account,
            weight=account.weight if self.weight is None else self.weight,
            running_limit=_most(self.running, account.running_limit),
            queued_limit=_most(self.queued, account.queued_limit),
            requests_per_minute=_most(self.requests_per_minute, account.requests_per_minute),
            has_credit=account.has_credit if self.has_credit is None else self.has_credit,
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """How an account stands, and the latest movements of its money, newest first."""

    standing: Standing
    entries: tuple[Entry, ...]


async def authenticate(database: Database, key: str) -> Caller:
    """Raises Unauthenticated for a mistyped, unknown or revoked key: the three look the same."""
    if is_plausible(key):
        secret = digest(key)
        callers = await find_callers(database, [secret])
        if secret in callers:
            return callers[secret]
    raise Unauthenticated("The API key is not one of this server's, or it has been revoked.")


async def find_callers(database: Database, digests: Collection[bytes]) -> dict[bytes, Caller]:
    """Whose keys these are, without those that are revoked."""
    async with database.connection() as connection:
        return await accounts.find_callers(connection, digests)


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


async def create_account(database: Database, name: str) -> Account:
    """One without limits. Raises Conflict when there is one of that name."""
    async with database.connection() as connection:
        account = await accounts.insert_account(connection, name)
    if account is None:
        raise Conflict(f"There is an account {name!r} already; see: filmgate accounts show {name}")
    return account


async def change_account(database: Database, name: str, change: Change) -> Account:
    """Set limits. What a higher one allows begins at once; what runs already goes on. Raises NotFound."""
    async with database.transaction() as connection:
        changed = change.applied_to(await _lock(connection, name))
        await accounts.write_limits(connection, changed)
        # Where a limit is gone, nothing would ever let the rest in but this.
        admitted = await admission.let_in(connection, changed, most=_ALL)
    if admitted:
        await events.call_workers(database)
    return changed


async def grant(database: Database, name: str, amount: int) -> Account:
    """Add to the account's balance, in micro-units; a negative amount corrects an earlier grant.

    Raises NotFound, and Conflict where that would take more than credit has left: the rest may be promised
    to videos that are being made.
    """
    async with database.transaction() as connection:
        account = await _lock(connection, name)
        left = account.balance + amount
        if amount < 0 and account.has_credit and left < 0:
            raise Conflict(
                f"The account has {account.balance / 1e6:g} left, and no more than that can be taken back."
            )
        await ledger.write(connection, account.id, kind=EntryKind.GRANT, amount=amount)
    return replace(account, balance=left)


async def has_account(database: Database, name: str) -> bool:
    async with database.connection() as connection:
        return await accounts.find_id(connection, name) is not None


async def list_accounts(database: Database) -> list[Standing]:
    """All of them, by name."""
    async with database.connection() as connection:
        return await accounts.list_standings(connection)


async def describe_account(database: Database, name: str, *, entries: int) -> Statement:
    """With so many of its latest ledger entries. Raises NotFound."""
    async with database.connection() as connection:
        account_id = await account_id_of(connection, name)
        (standing,) = await accounts.list_standings(connection, name=name)
        latest = await ledger.list_entries(connection, account_id, limit=entries)
    return Statement(standing, tuple(latest))


async def account_id_of(connection: asyncpg.Connection, name: str) -> AccountId:
    """Raises NotFound, with the nearest name that there is."""
    account_id = await accounts.find_id(connection, name)
    if account_id is None:
        raise await _unknown(connection, name)
    return account_id


def _most(limit: Limit | None, present: int | None) -> int | None:
    return present if limit is None else limit.most


async def _lock(connection: asyncpg.Connection, name: str) -> Account:
    account = await accounts.lock_named(connection, name)
    if account is None:
        raise await _unknown(connection, name)
    return account


async def _unknown(connection: asyncpg.Connection, name: str) -> NotFound:
    nearest = difflib.get_close_matches(name, await accounts.list_names(connection), n=1)
    advice = f"Did you mean {nearest[0]!r}?" if nearest else "See: filmgate accounts ls"
    return NotFound(f"There is no account {name!r}. {advice}")
