"""Creates under an idempotency key: who makes, who finds, and what frees the key again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from filmgate.core.account import AccountId
from filmgate.core.character import Character
from filmgate.core.errors import (
    DatabaseUnavailable,
    IdempotencyConflict,
    IdempotencyInProgress,
    InvalidRequest,
    OutcomeUnknown,
)
from filmgate.core.idempotency import LEASE, Claim
from filmgate.core.spec import CharacterId
from filmgate.core.video import new_video_id
from filmgate.database import characters
from filmgate.database.connection import Database
from filmgate.usecases import idempotency
from filmgate.usecases.idempotency import Made
from tests.eventually import eventually

KEY = "order-7"


def claim(account_id: AccountId, *, wanted: str = "a cat", key: str = KEY) -> Claim:
    return Claim.new(account_id, key, fingerprint=wanted.encode())


@dataclass
class Studio:
    """Makes characters, which are the smallest things that a create can make; `before_commit` may interfere."""

    database: Database
    before_commit: Callable[[], Awaitable[None]] | None = None
    after_commit: Exception | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)

    async def once(self, held: Claim | None, *, lease: timedelta = LEASE) -> Made[Character]:
        return await idempotency.once(
            self.database,
            held,
            make=lambda: self._make(held),
            find=self.find,
            lease=lease,
        )

    async def made(self) -> list[str]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("select id from character order by created_at")
        return [row["id"] for row in rows]

    async def _make(self, held: Claim | None) -> Character:
        self.started.set()
        made_id = CharacterId(new_video_id(datetime.now(UTC)))
        async with self.database.transaction() as connection:
            account_id = held.account_id if held else await self._any_account()
            made = await characters.insert(connection, made_id, account_id, name="Miu")
            if self.before_commit is not None:
                await self.before_commit()
            await idempotency.settle(connection, held, made_id)
        if self.after_commit is not None:
            raise self.after_commit
        return made

    async def find(self, made_id: str) -> Character:
        async with self.database.connection() as connection:
            account_id = await connection.fetchval(
                "select account_id from character where id = $1", made_id
            )
            (found,) = await characters.find(connection, [CharacterId(made_id)], account_id)
        return found

    async def _any_account(self) -> AccountId:
        async with self.database.connection() as connection:
            return AccountId(await connection.fetchval("select min(id) from account"))


@dataclass
class Gate:
    """Holds whoever comes until it is opened."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


@pytest.fixture
def studio(database: Database) -> Studio:
    return Studio(database)


async def change(database: Database, what: str) -> None:
    async with database.connection() as connection:
        await connection.execute(f"update idempotency set {what}")


async def key_count(database: Database) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval("select count(*) from idempotency")
    return count


async def refuse() -> None:
    raise InvalidRequest("prompt", "not like this")


async def break_down() -> None:
    raise ZeroDivisionError


async def test_the_same_create_again_finds_what_the_first_one_made(
    studio: Studio, account_id: AccountId
) -> None:
    first = await studio.once(claim(account_id))
    again = await studio.once(claim(account_id))
    assert again == Made(first.thing, is_replay=True)
    assert not first.is_replay
    assert await studio.made() == [first.thing.id]


async def test_without_a_key_every_create_makes_something_and_no_key_is_looked_for(
    studio: Studio, account_id: AccountId
) -> None:
    async with studio.database.connection() as connection:
        await connection.execute("drop table idempotency")
    made = [await studio.once(None) for _ in range(2)]
    assert not any(each.is_replay for each in made)
    assert len(await studio.made()) == 2


async def test_another_create_under_the_same_key_is_refused_for_good(
    studio: Studio, account_id: AccountId
) -> None:
    await studio.once(claim(account_id))
    with pytest.raises(IdempotencyConflict):
        await studio.once(claim(account_id, wanted="a dog"))
    assert len(await studio.made()) == 1


async def test_keys_of_two_accounts_have_nothing_to_do_with_each_other(
    studio: Studio, account_id: AccountId, other_account_id: AccountId
) -> None:
    ours = await studio.once(claim(account_id))
    theirs = await studio.once(claim(other_account_id, wanted="a dog"))
    assert not theirs.is_replay
    assert theirs.thing.id != ours.thing.id


@pytest.mark.parametrize(
    ("interfere", "expected"),
    [(refuse, InvalidRequest), (break_down, BaseExceptionGroup)],
)
async def test_a_create_that_was_refused_frees_its_key_for_any_other(
    studio: Studio,
    account_id: AccountId,
    interfere: Callable[[], Awaitable[None]],
    expected: type[BaseException],
) -> None:
    studio.before_commit = interfere
    with pytest.raises(expected):
        await studio.once(claim(account_id))
    assert await key_count(studio.database) == 0
    studio.before_commit = None
    assert not (await studio.once(claim(account_id, wanted="a dog"))).is_replay
    assert len(await studio.made()) == 1


async def test_a_create_whose_answer_was_lost_after_the_commit_keeps_its_key(
    studio: Studio, account_id: AccountId
) -> None:
    studio.after_commit = OutcomeUnknown("away during the commit")
    with pytest.raises(OutcomeUnknown):
        await studio.once(claim(account_id))
    again = await studio.once(claim(account_id))
    assert again.is_replay
    assert await studio.made() == [again.thing.id]


@pytest.mark.parametrize("wanted", ["a cat", "a dog"])
async def test_whoever_comes_while_the_first_is_at_work_is_told_to_wait(
    studio: Studio, account_id: AccountId, wanted: str
) -> None:
    gate = Gate()
    studio.before_commit = gate
    async with asyncio.TaskGroup() as group:
        first = group.create_task(studio.once(claim(account_id)))
        await gate.reached.wait()
        with pytest.raises(IdempotencyInProgress) as told:
            await studio.once(claim(account_id, wanted=wanted))
        gate.opened.set()
    assert timedelta(0) < told.value.retry_after < timedelta(seconds=2)
    assert await studio.made() == [first.result().thing.id]


async def test_the_longer_it_takes_the_longer_others_are_told_to_wait(
    studio: Studio, account_id: AccountId
) -> None:
    gate = Gate()
    studio.before_commit = gate
    waits = []
    async with asyncio.TaskGroup() as group:
        group.create_task(studio.once(claim(account_id)))
        await gate.reached.wait()
        for seconds in (4, 40):
            await change(studio.database, f"created_at = created_at - interval '{seconds} seconds'")
            with pytest.raises(IdempotencyInProgress) as told:
                await studio.once(claim(account_id))
            waits.append(told.value.retry_after)
        gate.opened.set()
    assert timedelta(seconds=4) <= waits[0] < timedelta(seconds=8)
    assert waits[1] == timedelta(seconds=10)


async def test_a_holder_that_fell_silent_loses_its_key_and_its_late_commit_fails(
    studio: Studio, account_id: AccountId
) -> None:
    gate, heir = Gate(), Studio(studio.database)
    studio.before_commit = gate
    async with asyncio.TaskGroup() as group:
        silent = group.create_task(_refused(studio, claim(account_id)))
        await gate.reached.wait()
        await change(studio.database, "held_until = now() - interval '1 second'")
        made = await heir.once(claim(account_id))
        gate.opened.set()
    assert isinstance(silent.result(), IdempotencyInProgress)
    assert await studio.made() == [made.thing.id]
    assert (await studio.once(claim(account_id))).thing == made.thing


async def _refused(studio: Studio, held: Claim) -> Exception:
    with pytest.raises(IdempotencyInProgress) as told:
        await studio.once(held)
    return told.value


async def test_a_late_holder_whom_nobody_has_replaced_may_still_finish(
    studio: Studio, account_id: AccountId
) -> None:
    async def oversleep() -> None:
        await change(studio.database, "held_until = now() - interval '1 second'")

    studio.before_commit = oversleep
    assert not (await studio.once(claim(account_id))).is_replay


async def test_a_create_that_takes_longer_than_its_lease_holds_on_to_its_key(
    studio: Studio, account_id: AccountId
) -> None:
    gate = Gate()
    studio.before_commit = gate
    lease = timedelta(seconds=1)

    async def has_outlived_its_lease() -> bool:
        async with studio.database.connection() as connection:
            return bool(
                await connection.fetchval(
                    "select now() > created_at + 2 * $1::interval from idempotency", lease
                )
            )

    async with asyncio.TaskGroup() as group:
        first = group.create_task(studio.once(claim(account_id), lease=lease))
        await gate.reached.wait()
        await eventually(has_outlived_its_lease)
        with pytest.raises(IdempotencyInProgress):
            await Studio(studio.database).once(claim(account_id))
        gate.opened.set()
    assert await studio.made() == [first.result().thing.id]


async def test_after_a_day_a_key_is_new_again(studio: Studio, account_id: AccountId) -> None:
    await studio.once(claim(account_id))
    await change(studio.database, "created_at = now() - interval '23 hours 59 minutes'")
    assert (await studio.once(claim(account_id))).is_replay
    await change(studio.database, "created_at = now() - interval '24 hours 1 minute'")
    assert not (await studio.once(claim(account_id, wanted="a dog"))).is_replay
    assert (await studio.once(claim(account_id, wanted="a dog"))).is_replay


async def test_cancelled_at_any_moment_it_makes_one_thing_in_the_end(
    studio: Studio, account_id: AccountId
) -> None:
    for step in range(40):
        key = f"order-{step}"
        with suppress(TimeoutError):
            async with asyncio.timeout(step * 0.0004):
                await studio.once(claim(account_id, key=key))
        before = await studio.made()
        made = await studio.once(claim(account_id, key=key))  # at once: no lease stands in the way
        assert made.is_replay is (made.thing.id in before)
        assert len(await studio.made()) == step + 1


async def test_fifty_at_once_over_two_processes_make_one_thing(
    studio: Studio, dsn: str, account_id: AccountId
) -> None:
    other = await Database.open(dsn)
    try:
        studios = [studio, Studio(other)] * 25
        ends = await asyncio.gather(
            *(each.once(claim(account_id)) for each in studios), return_exceptions=True
        )
    finally:
        await other.aclose()
    made = [end for end in ends if isinstance(end, Made)]
    assert len({each.thing.id for each in made}) == 1
    assert [each.is_replay for each in made].count(False) == 1
    assert all(isinstance(end, Made | IdempotencyInProgress) for end in ends)
    assert len(await studio.made()) == 1


async def test_a_database_that_goes_away_does_not_hide_why_the_create_was_refused(
    studio: Studio, dsn: str, account_id: AccountId
) -> None:
    leaving = Studio(await Database.open(dsn))

    async def make() -> Character:
        await leaving.database.aclose()
        raise InvalidRequest("prompt", "the real reason")

    with pytest.raises(InvalidRequest, match="the real reason"):
        await idempotency.once(leaving.database, claim(account_id), make=make, find=leaving.find)
    with pytest.raises(IdempotencyInProgress):
        await studio.once(claim(account_id))
    await change(studio.database, "held_until = now() - interval '1 second'")
    assert not (await studio.once(claim(account_id))).is_replay


async def test_a_create_that_cannot_take_its_key_is_not_begun(
    dsn: str, account_id: AccountId
) -> None:
    away = Studio(await Database.open(dsn))
    await away.database.aclose()
    with pytest.raises(DatabaseUnavailable):
        await away.once(claim(account_id))
    assert not away.started.is_set()


async def test_only_keys_that_have_had_their_day_are_trimmed(
    studio: Studio, account_id: AccountId
) -> None:
    for number in range(5):
        await studio.once(claim(account_id, key=f"old-{number}"))
    await change(studio.database, "created_at = now() - interval '25 hours'")
    await studio.once(claim(account_id))
    assert await idempotency.trim(studio.database, batch=2) == 5
    assert await key_count(studio.database) == 1
    assert (await studio.once(claim(account_id))).is_replay


async def test_a_claim_of_another_holder_settles_nothing(
    studio: Studio, account_id: AccountId
) -> None:
    held = claim(account_id)
    await studio.once(held)
    with pytest.raises(IdempotencyInProgress):
        async with studio.database.transaction() as connection:
            await idempotency.settle(connection, replace(held, holder=uuid4()), "another")
    assert (await studio.once(claim(account_id))).is_replay
