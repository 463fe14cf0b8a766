"""What a database that goes away looks like from here."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from filmgate.core.account import AccountId
from filmgate.core.errors import DatabaseUnavailable, OutcomeUnknown
from filmgate.database.connection import Database
from tests.eventually import eventually


@pytest.fixture
async def hangman(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who ends other people's connections."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="try again in a few seconds"):
        await Database.open("postgresql://nobody@127.0.0.1:1/nothing")


async def test_a_connection_that_breaks_before_the_commit_left_nothing(
    database: Database, hangman: asyncpg.Connection
) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        await break_off(database, hangman, before_commit=True)
    assert not isinstance(caught.value, OutcomeUnknown)


async def test_a_connection_that_breaks_at_the_commit_leaves_doubt(
    database: Database, hangman: asyncpg.Connection
) -> None:
    with pytest.raises(OutcomeUnknown):
        await break_off(database, hangman, before_commit=False)


async def test_a_transaction_begins_although_its_connection_was_cut_while_idle(
    database: Database, dsn: str, hangman: asyncpg.Connection
) -> None:
    """As in a failover: the pool hands out what is dead already, before its end was read."""
    async with database.connection() as connection:
        cut = connection.get_server_pid()

    async def hang() -> None:
        other = await asyncpg.connect(dsn)
        await other.execute("select pg_terminate_backend($1, 5000)", cut)
        await other.close()

    thread = threading.Thread(target=asyncio.run, args=(hang(),))
    thread.start()
    thread.join()  # our own loop stands still, so that it cannot notice
    async with database.transaction() as connection:
        assert connection.get_server_pid() != cut
        await connection.execute("insert into account (name) values ('kept')")
    assert await hangman.fetchval("select count(*) from account where name = 'kept'") == 1


async def test_a_connection_that_breaks_after_the_commit_changes_nothing(
    dsn: str, hangman: asyncpg.Connection
) -> None:
    """The pool resets a connection on its way back, and finds it broken only then."""

    async def hang(connection: asyncpg.Connection) -> None:
        pid = connection.get_server_pid()
        await hangman.execute("select pg_terminate_backend($1, 5000)", pid)
        await connection.execute("select 1")

    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1, reset=hang)
    database = Database(pool, dsn)
    async with database.transaction() as connection:
        await connection.execute("insert into account (name) values ('kept')")
    assert await hangman.fetchval("select count(*) from account where name = 'kept'") == 1
    pool.terminate()


async def break_off(
    database: Database, hangman: asyncpg.Connection, *, before_commit: bool
) -> None:
    async with database.transaction() as connection:
        pid = await connection.fetchval("select pg_backend_pid()")
        await hangman.execute("select pg_terminate_backend($1, 5000)", pid)
        if before_commit:
            await connection.execute("select 1")


async def test_the_pool_recovers_by_itself(database: Database, hangman: asyncpg.Connection) -> None:
    async with database.connection() as connection:
        pid = await connection.fetchval("select pg_backend_pid()")
    await hangman.execute("select pg_terminate_backend($1, 5000)", pid)

    async def works() -> bool:
        # The first one may still be handed the connection whose end has not been read yet.
        with suppress(DatabaseUnavailable):
            async with database.transaction() as connection:
                return bool(await connection.fetchval("select true"))
        return False

    await eventually(works)


async def test_an_error_of_ours_is_not_taken_for_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.transaction() as connection:
            await connection.execute("select * from nothing")


async def test_whoever_is_paused_in_a_transaction_does_not_keep_the_others_for_ever(
    database: Database, account_id: AccountId
) -> None:
    lock = "select from account where id = $1 for update"

    async def try_to_lock() -> bool:
        try:
            async with database.transaction() as connection:
                await connection.execute(lock, account_id)
        except DatabaseUnavailable:
            return False
        return True

    async def pause() -> None:
        async with database.transaction() as paused:
            await paused.execute(lock, account_id)
            assert not await try_to_lock(), "it waits for a while, and no longer"
            await eventually(try_to_lock, within=20)
            await paused.execute("select 1")

    with pytest.raises(DatabaseUnavailable):
        await pause()


async def test_statements_are_planned_as_the_test_of_plans_reads_them(database: Database) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("show plan_cache_mode") == "force_generic_plan"
