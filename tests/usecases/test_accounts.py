"""API keys: shown once, recognised by their digest, and useless once revoked."""

import asyncio

import pytest

from filmgate.core.account import ApiKeyId, new_key
from filmgate.core.errors import Conflict, NotFound, Unauthenticated
from filmgate.database.connection import Database
from filmgate.usecases import accounts


async def test_a_new_key_opens_its_account_and_is_not_stored(database: Database) -> None:
    secret, key = await accounts.create_key(database, account="studio", name="laptop")
    caller = await accounts.authenticate(database, secret)
    assert (caller.account_id, caller.api_key_id) == (key.account_id, key.id)
    async with database.connection() as connection:
        stored = await connection.fetchval("select api_key::text from api_key")
    assert secret not in stored
    assert secret.removeprefix("sk-fg-")[:20] not in stored


@pytest.mark.parametrize(
    "key", ["", "nonsense", "sk-fg-mistyped", pytest.param(new_key(), id="unknown")]
)
async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    key: str, database: Database
) -> None:
    with pytest.raises(Unauthenticated, match="not one of this server's, or it has been revoked"):
        await accounts.authenticate(database, key)


async def test_a_revoked_key_opens_nothing(database: Database) -> None:
    secret, key = await accounts.create_key(database, account="studio", name="laptop")
    await accounts.revoke_key(database, key.id)
    with pytest.raises(Unauthenticated):
        await accounts.authenticate(database, secret)
    assert not await accounts.has_live_key(database)


async def test_revoking_a_key_that_never_was_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="no API key number 99"):
        await accounts.revoke_key(database, ApiKeyId(99))


async def test_keys_of_one_account_share_it(database: Database) -> None:
    _, first = await accounts.create_key(database, account="studio", name="a")
    _, second = await accounts.create_key(database, account="studio", name="b")
    _, stranger = await accounts.create_key(database, account="other", name="c")
    assert first.account_id == second.account_id != stranger.account_id
    assert [account for account, _ in await accounts.list_keys(database)] == [
        "studio",
        "studio",
        "other",
    ]


async def test_the_last_use_is_noted(database: Database) -> None:
    secret, _ = await accounts.create_key(database, account="studio", name="laptop")
    [(_, before)] = await accounts.list_keys(database)
    await accounts.authenticate(database, secret)
    [(_, after)] = await accounts.list_keys(database)
    assert before.last_used_at is None
    assert after.last_used_at is not None


async def test_a_key_that_the_operator_chose_is_accepted_on_every_start(
    database: Database,
) -> None:
    await accounts.ensure_key(database, "ci-secret-1")
    await accounts.ensure_key(database, "ci-secret-1")
    assert await accounts.authenticate(database, "ci-secret-1")
    assert len(await accounts.list_keys(database)) == 1


async def test_the_same_key_is_not_made_twice(database: Database) -> None:
    await accounts.create_key(database, account="a", name="a", key="ci-secret-1")
    with pytest.raises(Conflict, match="exists already"):
        await accounts.create_key(database, account="b", name="b", key="ci-secret-1")


async def test_many_replicas_may_bring_the_same_key_at_once(database: Database) -> None:
    await asyncio.gather(*(accounts.ensure_key(database, "ci-secret-1") for _ in range(6)))
    assert len(await accounts.list_keys(database)) == 1


async def test_a_revoked_key_does_not_come_back_by_the_environment(database: Database) -> None:
    await accounts.ensure_key(database, "ci-secret-1")
    [(_, key)] = await accounts.list_keys(database)
    await accounts.revoke_key(database, key.id)
    with pytest.raises(Conflict, match="was revoked"):
        await accounts.ensure_key(database, "ci-secret-1")
