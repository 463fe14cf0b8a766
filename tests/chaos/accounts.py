"""The accounts of a run, set up before anything goes wrong: keys, credit, limits, and a webhook each."""

from collections.abc import Sequence

import asyncpg
import httpx2

from filmgate.database.connection import Database
from filmgate.usecases.accounts import create_key
from tests.chaos.customers import Account
from tests.chaos.receiver import Receiver
from tests.chaos.site import Site


async def open_accounts(
    accounts: Sequence[Account], site: Site, receiver: Receiver
) -> dict[str, str]:
    """The key of each account."""
    database = await Database.open(site.dsn)
    try:
        keys = {each.name: await _open(database, each) for each in accounts}
    finally:
        await database.aclose()
    for account, key in keys.items():
        await _listen(account, key, site, receiver)
    return keys


async def _open(database: Database, account: Account) -> str:
    key, kept = await create_key(database, account=account.name, name="chaos")
    async with database.transaction() as connection:
        await connection.execute(
            "update account set running_limit = $2, queued_limit = $3 where id = $1",
            kept.account_id,
            account.running_limit,
            account.queued_limit,
        )
        if account.grant is not None:
            await _grant(connection, kept.account_id, account.grant)
    return key


async def _grant(connection: asyncpg.Connection, account_id: int, amount: int) -> None:
    await connection.execute(
        "update account set has_credit = true, balance = $2 where id = $1", account_id, amount
    )
    await connection.execute(
        "insert into ledger (account_id, kind, amount) values ($1, 'grant', $2)",
        account_id,
        amount,
    )


async def _listen(account: str, key: str, site: Site, receiver: Receiver) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=site.urls()[0], headers=headers) as http:
        answer = await http.post("/v1/webhooks", json={"url": receiver.url(account)})
    answer.raise_for_status()
    receiver.trust(account, answer.json()["secret"])
