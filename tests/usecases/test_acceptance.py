"""Creates that come at the same time: committed together, and none of them suffers from another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from pydantic_core import PydanticSerializationError

from filmgate.core.account import AccountId, ApiKeyId
from filmgate.core.candidate import Candidate
from filmgate.core.errors import (
    DatabaseUnavailable,
    FilmgateError,
    IdempotencyInProgress,
    NotFound,
    OutcomeUnknown,
    QuotaExceeded,
    ServiceUnavailable,
)
from filmgate.core.idempotency import Claim
from filmgate.core.video import Video
from filmgate.database import notices
from filmgate.database.connection import Database
from filmgate.usecases.acceptance import Acceptance
from tests.creating import count, ends, ids, running
from tests.eventually import eventually
from tests.usecases.conftest import SPEC, Owner

CENT = 10_000
"""In micro-units; the price of a second in these tests. A film of 8 seconds costs 80,000."""


@asynccontextmanager
async def locked(owner: Owner) -> AsyncIterator[None]:
    """Somebody changes the account, and takes long over it."""
    async with owner.database.transaction() as connection:
        await connection.execute("select from account where id = $1 for update", owner.account_id)
        yield


@asynccontextmanager
async def stuck(owner: Owner, key: str) -> AsyncIterator[None]:
    """Whoever comes with the key waits in the middle of its transaction. In the end it is nobody's."""
    async with owner.database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "insert into idempotency (account_id, key, fingerprint, holder) values ($1, $2, '', $3)",
            owner.account_id,
            key,
            uuid4(),
        )
        try:
            yield
        finally:
            await transaction.rollback()


async def waiting_for_locks(database: Database, most: int) -> None:
    """Return when so many transactions wait for others."""
    await until_connections(database, most, "wait_event_type = 'Lock'")


async def begun(database: Database, number: int) -> None:
    """Return when so many transactions are open in which nothing goes on."""
    await until_connections(database, number, "state = 'idle in transaction'")


async def until_connections(database: Database, number: int, are: str) -> None:
    of_ours = "count(*) from pg_stat_activity where datname = current_database()"

    async def look() -> bool:
        return await count(database, f"{of_ours} and {are}") == number

    await eventually(look)


async def test_a_lone_create_is_accepted_at_once(acceptance: Acceptance, us: Owner) -> None:
    video = await acceptance.accept(us.candidate(price_per_second=CENT, key="a"))
    assert await us.retrieve(video) == video
    assert acceptance.waiting == 0


async def test_those_that_come_together_are_one_transaction_and_call_the_workers_once(
    acceptance: Acceptance, us: Owner, them: Owner, dsn: str
) -> None:
    calls: list[str] = []
    listener = await asyncpg.connect(dsn)
    await listener.add_listener(notices.WORK_CHANNEL, lambda *words: calls.append(words[3]))
    made = await ends(acceptance, [owner.candidate() for owner in (us, them) for _ in range(50)])
    assert all(isinstance(each, Video) for each in made)
    assert await count(us.database, "count(distinct xmin::text) from video") == 1

    async def called() -> bool:
        return len(calls) >= 1

    await eventually(called)
    await acceptance.accept(us.candidate())
    await eventually(lambda: at_least(calls, 2))
    assert len(calls) == 2
    await listener.close()


async def at_least(calls: list[str], number: int) -> bool:
    return len(calls) >= number


async def test_more_than_one_transaction_takes_are_several(database: Database, us: Owner) -> None:
    async with running(Acceptance(database, at_once=10)) as acceptance:
        made = await ends(acceptance, [us.candidate() for _ in range(35)])
    assert {each.id for each in made if isinstance(each, Video)} == await ids(database)
    assert await count(database, "count(distinct xmin::text) from video") == 4


async def test_the_next_transaction_has_begun_while_one_is_written_and_takes_all_who_come_until_then(
    acceptance: Acceptance, us: Owner, them: Owner
) -> None:
    async with asyncio.TaskGroup() as clients:
        async with stuck(us, "a"):
            clients.create_task(acceptance.accept(us.candidate(key="a")))
            await waiting_for_locks(us.database, 1)
            later = [clients.create_task(acceptance.accept(them.candidate()))]
            await begun(us.database, 2)  # whoever holds the key is the other
            later += [clients.create_task(acceptance.accept(them.candidate())) for _ in range(20)]
            await asyncio.sleep(0)
            assert acceptance.waiting == len(later)
        await asyncio.gather(*later)
    assert await count(us.database, "count(distinct xmin::text) from video") == 2
    await begun(us.database, 0)


async def test_of_one_account_those_that_come_first_start_first(
    database: Database, us: Owner
) -> None:
    async with running(Acceptance(database, at_once=10)) as acceptance:
        made = await ends(acceptance, [us.candidate() for _ in range(35)])
    starts = [each.place.start for each in made if isinstance(each, Video) and each.place]
    assert starts == [8_000_000 * number for number in range(35)]


def with_nul(candidate: Candidate) -> Candidate:
    return replace(candidate, spec=replace(SPEC, prompt="A \0 cat"))


def with_half_a_character(candidate: Candidate) -> Candidate:
    return replace(candidate, spec=replace(SPEC, prompt="A \ud83d cat"))


def with_a_key_that_is_gone(candidate: Candidate) -> Candidate:
    return replace(candidate, caller=replace(candidate.caller, api_key_id=ApiKeyId(99_999)))


def of_an_account_that_is_gone(candidate: Candidate) -> Candidate:
    gone = AccountId(99_999)
    assert candidate.claim is not None
    return replace(
        candidate,
        caller=replace(candidate.caller, account_id=gone),
        claim=replace(candidate.claim, account_id=gone),
    )


def with_an_endless_film(candidate: Candidate) -> Candidate:
    return replace(candidate, spec=replace(SPEC, seconds=2**40))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (with_nul, asyncpg.UntranslatableCharacterError),
        (with_half_a_character, PydanticSerializationError),
        (with_a_key_that_is_gone, asyncpg.ForeignKeyViolationError),
        (of_an_account_that_is_gone, NotFound),
        (with_an_endless_film, asyncpg.DataError),
    ],
)
async def test_a_row_that_cannot_be_written_fails_alone(
    acceptance: Acceptance,
    us: Owner,
    them: Owner,
    spoil: object,
    expected: type[Exception] | tuple[type[Exception], ...],
) -> None:
    assert callable(spoil)
    asked = [owner.candidate(price_per_second=CENT) for _ in range(8) for owner in (us, them)]
    asked = [
        replace(each, claim=Claim.new(each.account_id, f"{number}", fingerprint=b""))
        for number, each in enumerate(asked)
    ]
    asked[5] = spoil(asked[5])
    told = await ends(acceptance, asked)
    assert isinstance(told.pop(5), expected)
    assert all(isinstance(each, Video) for each in told)
    assert await ids(us.database) == {each.video_id for each in asked} - {asked[5].video_id}
    assert await count(us.database, "count(*) from idempotency") == 15
    assert await count(us.database, "count(*) from ledger") == 15
    assert await acceptance.accept(us.candidate(key="5"))


async def test_whoever_is_refused_among_others_can_come_again_with_its_key(
    acceptance: Acceptance, us: Owner, them: Owner
) -> None:
    await us.change(has_credit=True)
    asked = [us.candidate(price_per_second=CENT, key="a"), them.candidate(key="a")]
    told = await ends(acceptance, asked)
    assert [type(each) for each in told] == [QuotaExceeded, Video]
    await us.change(balance=80_000)
    again = await acceptance.accept(us.candidate(price_per_second=CENT, key="a"))
    assert await ids(us.database) == {asked[1].video_id, again.id}


async def test_nobody_waits_for_an_account_that_another_transaction_holds(
    acceptance: Acceptance, us: Owner, them: Owner
) -> None:
    async with asyncio.TaskGroup() as clients:
        async with locked(us):
            ours = [clients.create_task(acceptance.accept(us.candidate())) for _ in range(5)]
            theirs = await ends(acceptance, [them.candidate() for _ in range(5)])
            assert all(isinstance(each, Video) for each in theirs)
            assert not any(each.done() for each in ours)
        await asyncio.gather(*ours)
    assert acceptance.waiting == 0


async def test_however_many_wait_for_one_account_they_keep_no_other_waiting(
    acceptance: Acceptance, us: Owner, them: Owner
) -> None:
    """Not even those of an account that is held for a moment only, and so has to wait as well."""
    async with asyncio.TaskGroup() as clients:
        async with locked(us):
            ours = []
            for _ in range(4):
                ours.append(clients.create_task(acceptance.accept(us.candidate())))
                await waiting_for_locks(us.database, 1)
                await acceptance.accept(them.candidate())  # so that each of ours was looked at
            async with locked(them):
                theirs = clients.create_task(acceptance.accept(them.candidate()))
                await waiting_for_locks(us.database, 2)
            await theirs
            assert not any(each.done() for each in ours)
        await asyncio.gather(*ours)


async def test_those_that_were_held_up_are_not_more_at_once_than_others(
    database: Database, us: Owner
) -> None:
    async with (
        running(Acceptance(database, at_once=10)) as acceptance,
        asyncio.TaskGroup() as clients,
        locked(us),
    ):
        for _ in range(35):
            clients.create_task(acceptance.accept(us.candidate()))
        await waiting_for_locks(database, 1)
    assert (
        await count(database, "max(n) from (select count(*) as n from video group by xmin::text) x")
        <= 10
    )


async def test_where_too_many_wait_the_next_is_sent_away_and_nothing_of_it_stays(
    database: Database, us: Owner
) -> None:
    async with running(Acceptance(database, most_waiting=12)) as acceptance:
        async with asyncio.TaskGroup() as clients:
            async with locked(us):
                first = clients.create_task(acceptance.accept(us.candidate()))
                await waiting_for_locks(database, 1)
                others = [clients.create_task(acceptance.accept(us.candidate())) for _ in range(2)]
                await eventually(lambda: waits(acceptance, 2))
                with pytest.raises(ServiceUnavailable, match="try again in a moment"):
                    await acceptance.accept(us.candidate(price_per_second=CENT, key="a"))
            made = await asyncio.gather(first, *others)
        assert await ids(database) == {each.id for each in made}
        assert await count(database, "count(*) from idempotency") == 0
        assert await count(database, "count(*) from ledger") == 0
        assert await acceptance.accept(us.candidate(price_per_second=CENT, key="a"))


async def waits(acceptance: Acceptance, number: int) -> bool:
    return acceptance.waiting == number


async def test_a_client_that_leaves_in_the_middle_takes_nothing_from_the_others(
    acceptance: Acceptance, us: Owner, them: Owner
) -> None:
    asked = [owner.candidate(key="a") for owner in (us, them)] + [us.candidate()]
    async with asyncio.TaskGroup() as clients:
        async with stuck(them, "a"):
            tasks = [clients.create_task(acceptance.accept(each)) for each in asked]
            await waiting_for_locks(us.database, 1)
            tasks[0].cancel()
            tasks[2].cancel()
        made = await tasks[1]
    assert made.id == asked[1].video_id
    assert await ids(us.database) == {each.video_id for each in asked}, "as ever: it was too late"
    with pytest.raises(IdempotencyInProgress):
        await acceptance.accept(us.candidate(key="a"))


async def test_a_client_that_leaves_before_its_turn_has_never_been_there(
    acceptance: Acceptance, us: Owner, them: Owner
) -> None:
    async with asyncio.TaskGroup() as clients:
        async with stuck(us, "a"):
            first = clients.create_task(acceptance.accept(us.candidate(key="a")))
            await waiting_for_locks(us.database, 1)
            early = clients.create_task(acceptance.accept(them.candidate(key="b")))
            other = clients.create_task(acceptance.accept(them.candidate()))
            await eventually(lambda: waits(acceptance, 2))
            early.cancel()
        made = {(await each).id for each in (first, other)}
    assert await ids(us.database) == made
    assert await count(us.database, "count(*) from idempotency") == 1


async def test_when_it_is_stopped_everybody_is_told_and_what_was_under_way_is_undone(
    database: Database, us: Owner, them: Owner
) -> None:
    async with asyncio.TaskGroup() as clients:
        async with stuck(us, "a"), locked(them), running(Acceptance(database)) as acceptance:
            asked = [us.candidate(key="a"), them.candidate(), us.candidate()]
            tasks = [clients.create_task(refusal(acceptance, each)) for each in asked[:2]]
            await waiting_for_locks(database, 1)
            tasks.append(clients.create_task(refusal(acceptance, asked[2])))
            await eventually(lambda: waits(acceptance, 1))
        told = await asyncio.gather(*tasks)
    assert [type(each) for each in told] == [OutcomeUnknown] * 3
    assert len(set(map(id, told))) == 3
    assert await ids(database) == set()
    assert (await acceptance.accept(us.candidate(key="a"))).id in await ids(database)


async def refusal(acceptance: Acceptance, candidate: Candidate) -> FilmgateError:
    with pytest.raises(FilmgateError) as told:
        await acceptance.accept(candidate)
    return told.value


async def test_whoever_is_stopped_in_the_middle_of_a_commit_says_that_it_does_not_know(
    database: Database, us: Owner
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            """
            create function wait_for_leave() returns trigger language plpgsql as
                $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
            create constraint trigger slow_commit after insert on video
                deferrable initially deferred for each row execute function wait_for_leave()
            """
        )
    async with asyncio.TaskGroup() as clients, database.transaction() as keeping:
        await keeping.execute("select pg_advisory_xact_lock(7)")
        async with running(Acceptance(database)) as acceptance:
            asked = clients.create_task(ends(acceptance, [us.candidate()]))
            await waiting_for_locks(database, 1)
            assert not asked.done()
        assert [type(each) for each in await asked] == [OutcomeUnknown]
    assert await count(database, "count(*) from video") == 0


async def test_those_that_are_held_up_are_told_when_it_is_stopped(
    database: Database, us: Owner, them: Owner
) -> None:
    async with asyncio.TaskGroup() as clients:
        async with locked(us), locked(them), running(Acceptance(database)) as acceptance:
            tasks = []
            for owner in (us, us, them, them):
                tasks.append(clients.create_task(refusal(acceptance, owner.candidate())))
                await asyncio.sleep(0)
            await waiting_for_locks(database, 2)
        told = await asyncio.gather(*tasks)
    assert {type(each) for each in told} == {OutcomeUnknown}
    assert await ids(database) == set()


async def test_each_client_has_an_error_of_its_own_when_the_database_is_away(
    dsn: str, us: Owner
) -> None:
    database = await Database.open(dsn)
    async with running(Acceptance(database)) as acceptance:
        await database.aclose()
        told = await ends(acceptance, [us.candidate() for _ in range(5)])
    assert {type(each) for each in told} == {DatabaseUnavailable}
    assert len(set(map(id, told))) == 5
    assert await ids(us.database) == set()
