"""Known keys: believed without being looked at for each request, and not for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from filmgate.core.account import Caller, digest, new_key
from filmgate.core.errors import DatabaseUnavailable, Unauthenticated
from filmgate.database.connection import Database
from filmgate.http.known_keys import BELIEVED_FOR, LOOK_AGAIN, LOOKED_AT_FOR
from filmgate.http.services import Services
from filmgate.http.wrong_keys import FREE_TRIES, WrongKeys
from filmgate.usecases import accounts
from tests.eventually import eventually
from tests.http.caller import opened
from tests.http.polls import Clock, CountedDatabase


@asynccontextmanager
async def looking(keys: WrongKeys, database: Database) -> AsyncIterator[None]:
    """Known keys are looked at again and again beside the block."""
    async with asyncio.TaskGroup() as life:
        running = life.create_task(keys.known.run(database))
        await asyncio.sleep(0)  # it has begun
        try:
            yield
        finally:
            running.cancel()


async def recognise(keys: WrongKeys, key: str, database: Database) -> Caller:
    return await keys.recognise(key, address="a", database=database)


@pytest.fixture
async def away(dsn: str) -> Database:
    database = await Database.open(dsn)
    await database.aclose()
    return database


async def change(database: Database, statement: str) -> None:
    async with database.connection() as connection:
        await connection.execute(statement)


def test_what_is_believed_is_soon_looked_at_again() -> None:
    assert timedelta(seconds=0.5) >= LOOK_AGAIN
    assert timedelta(seconds=2) >= BELIEVED_FOR


async def test_a_known_key_is_not_looked_at_for_each_request(
    counted: CountedDatabase, database: Database, away: Database, key: str
) -> None:
    keys = WrongKeys(clock=Clock())
    async with looking(keys, away):
        callers = [await recognise(keys, key, counted) for _ in range(100)]
    assert set(callers) == {await accounts.authenticate(database, key)}
    assert len([query for query in counted.queries if "from api_key" in query]) == 1


async def test_unless_somebody_looks_again_each_request_is_looked_at(
    database: Database, key: str
) -> None:
    keys = WrongKeys(clock=Clock())
    caller = await recognise(keys, key, database)
    assert keys.known.believe(digest(key)) is None
    async with looking(keys, database):
        await recognise(keys, key, database)
        assert keys.known.believe(digest(key)) == caller
    assert keys.known.believe(digest(key)) is None
    await accounts.revoke_key(database, caller.api_key_id)
    with pytest.raises(Unauthenticated):
        await recognise(keys, key, database)


async def test_a_revoked_key_is_refused_by_the_next_look(database: Database, key: str) -> None:
    """The clock stands still: it does not run out by itself."""
    keys = WrongKeys(clock=Clock())
    async with looking(keys, database):
        caller = await recognise(keys, key, database)
        await accounts.revoke_key(database, caller.api_key_id)

        async def is_refused() -> bool:
            return keys.known.believe(digest(key)) is None

        await eventually(is_refused)
        with pytest.raises(Unauthenticated):
            await recognise(keys, key, database)
        assert keys.known.recall(digest(key)) is None


async def test_a_changed_limit_holds_from_the_next_look_on(database: Database, key: str) -> None:
    keys = WrongKeys(clock=Clock())
    async with looking(keys, database):
        await recognise(keys, key, database)
        await change(database, "update account set requests_per_minute = 7")

        async def is_seven() -> bool:
            return (await recognise(keys, key, database)).requests_per_minute == 7

        await eventually(is_seven)
        known = keys.known.recall(digest(key))
        assert known is not None
        assert known.requests_per_minute == 7


async def test_the_last_use_of_a_believed_key_is_noted(database: Database, key: str) -> None:
    keys = WrongKeys(clock=Clock())
    async with looking(keys, database):
        await recognise(keys, key, database)
        await change(database, "update api_key set last_used_at = now() - interval '1 hour'")

        async def is_noted() -> bool:
            ((_, kept),) = await accounts.list_keys(database)
            assert kept.last_used_at is not None
            return await database.now() - kept.last_used_at < timedelta(minutes=1)

        await eventually(is_noted)


async def test_of_many_keys_all_are_looked_at_with_one_query(
    database: Database, counted: CountedDatabase
) -> None:
    keys = WrongKeys(clock=Clock())
    made = [
        (await accounts.create_key(database, account=f"{number}", name="x"))[0]
        for number in range(30)
    ]
    async with looking(keys, counted):
        for key in made:
            await recognise(keys, key, database)
        await change(database, "update account set requests_per_minute = 9")

        async def are_all_nine() -> bool:
            callers = [await recognise(keys, key, database) for key in made]
            return {caller.requests_per_minute for caller in callers} == {9}

        counted.queries.clear()
        await eventually(are_all_nine)
    assert len(counted.queries) <= 3  # looks, of which there may have been more than one


async def test_while_the_database_is_away_a_key_is_believed_for_two_seconds_and_no_longer(
    database: Database, away: Database, key: str
) -> None:
    clock = Clock()
    keys = WrongKeys(clock=clock)
    async with looking(keys, away):
        await recognise(keys, key, database)
        clock.now += BELIEVED_FOR.total_seconds()
        await recognise(keys, key, away)
        clock.now += 0.001
        with pytest.raises(DatabaseUnavailable):
            await recognise(keys, key, away)


async def test_an_outage_makes_no_key_an_unknown_one(database: Database, key: str) -> None:
    """Nor does it end the looks."""
    clock = Clock()
    keys = WrongKeys(clock=clock)
    async with looking(keys, database):
        await recognise(keys, key, database)
        await change(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()",
        )
        clock.now += BELIEVED_FOR.total_seconds() + 1

        async def is_believed_again() -> bool:
            return keys.known.believe(digest(key)) is not None

        await eventually(is_believed_again)


async def test_a_key_that_is_not_used_any_more_is_not_looked_at_for_ever(
    database: Database, key: str
) -> None:
    clock = Clock()
    keys = WrongKeys(clock=clock)
    async with looking(keys, database):
        await recognise(keys, key, database)
        clock.now += LOOKED_AT_FOR.total_seconds()

        async def is_believed() -> bool:
            return keys.known.believe(digest(key)) is not None

        await eventually(is_believed)  # which is a use
        clock.now += LOOKED_AT_FOR.total_seconds() + 1

        async def is_forgotten() -> bool:
            return keys.known.believed_count == 0

        await eventually(is_forgotten)
        assert keys.known.recall(digest(key)) is not None  # it is no guess when it comes back


async def test_no_more_keys_are_believed_than_agreed(database: Database) -> None:
    keys = WrongKeys(clock=Clock(), remembered=5)
    made = [(await accounts.create_key(database, account="ours", name="x"))[0] for _ in range(8)]
    async with looking(keys, database):
        for key in made:
            await recognise(keys, key, database)
        assert keys.known.believed_count == 5


async def test_unknown_keys_are_slowed_down_as_ever(services: Services, key: str) -> None:
    async with (
        looking(services.wrong_keys, services.database),
        opened(services, key) as ours,
        opened(services, None) as guesser,
    ):
        assert (await ours.get("/v1/models")).status_code == 200
        statuses = []
        for _ in range(FREE_TRIES + 1):
            headers = {"authorization": f"Bearer {new_key()}"}
            statuses.append((await guesser.get("/v1/models", headers=headers)).status_code)
        assert statuses == [401] * FREE_TRIES + [429]
        assert (await ours.get("/v1/models")).status_code == 200
