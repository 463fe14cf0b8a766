"""Many candidates in one transaction: what becomes of each is what would have become of it alone."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from filmgate.core.account import AccountId
from filmgate.core.candidate import Candidate
from filmgate.core.errors import (
    FilmgateError,
    IdempotencyInProgress,
    NotFound,
    QuotaExceeded,
    RateLimited,
)
from filmgate.core.idempotency import in_progress
from filmgate.core.video import Video, VideoId
from filmgate.database import idempotency, lists
from filmgate.database.connection import Database
from filmgate.usecases import rendering
from filmgate.usecases.candidates import AccountBusy, Verdict, accept
from tests.usecases.conftest import SPEC, Owner, open_account

CENT = 10_000
"""In micro-units; the price of a second in these tests. A film of 8 seconds costs 80,000."""

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def accept_all(database: Database, candidates: Sequence[Candidate]) -> list[Verdict]:
    async with database.transaction() as connection:
        verdicts = await accept(connection, candidates)
    assert verdicts.keys() == set(candidates)
    return [verdicts[each] for each in candidates]


async def rows(database: Database, table: str) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval(f"select count(*) from {table}")
    return count


async def test_whoever_is_refused_leaves_nothing_and_is_in_nobodys_way(
    us: Owner, them: Owner, database: Database
) -> None:
    await us.change(queued_limit=1)
    await them.change(has_credit=True, balance=100_000)
    asked = [
        owner.candidate(price_per_second=CENT, key=key) for owner in (us, them) for key in "ab"
    ]
    verdicts = await accept_all(database, asked)
    assert [type(each) for each in verdicts] == [Video, RateLimited, Video, QuotaExceeded]
    async with database.connection() as connection:
        kept = await connection.fetch("select account_id, key, made_id from idempotency order by 1")
        paid = await connection.fetch("select account_id, video_id, amount from ledger order by 1")
        ends = await connection.fetch("select account_id, finish from account_clock order by 1")
    made = [(us.account_id, asked[0].video_id), (them.account_id, asked[2].video_id)]
    assert [(row["account_id"], row["made_id"]) for row in kept] == made
    assert {row["key"] for row in kept} == {"a"}
    assert [tuple(row) for row in paid] == [(*each, -80_000) for each in made]
    assert [row["finish"] for row in ends] == [8_000_000, 8_000_000]
    assert await rows(database, "video") == 2


async def test_of_an_account_that_is_gone_nothing_is_accepted_and_the_others_are(
    us: Owner, database: Database
) -> None:
    gone = replace(us, caller=replace(us.caller, account_id=AccountId(us.account_id + 1_000)))
    lost, kept = gone.candidate(key="a"), us.candidate(key="a")
    verdicts = await accept_all(database, [lost, kept])
    assert [type(each) for each in verdicts] == [NotFound, Video]
    assert await rows(database, "idempotency") == 1


async def test_whoever_does_not_wait_leaves_out_the_account_that_is_locked(
    us: Owner, them: Owner, database: Database
) -> None:
    ours, theirs = us.candidate(key="a"), them.candidate(key="a")
    async with database.transaction() as locking, database.transaction() as connection:
        await locking.execute("select from account where id = $1 for update", us.account_id)
        verdicts = await accept(connection, [ours, theirs], waits=False)
    assert isinstance(verdicts[ours], AccountBusy)
    assert isinstance(verdicts[theirs], Video)
    assert (await rows(database, "video"), await rows(database, "idempotency")) == (1, 1)


async def test_of_several_with_the_same_key_the_first_has_it(
    us: Owner, them: Owner, database: Database
) -> None:
    asked = [owner.candidate(key="a") for owner in (us, us, them, us)]
    verdicts = await accept_all(database, asked)
    assert [type(each) for each in verdicts] == [
        Video,
        IdempotencyInProgress,
        Video,
        IdempotencyInProgress,
    ]


async def test_whoever_holds_a_key_has_it_whoever_else_comes_with_it(
    us: Owner, database: Database
) -> None:
    early, holder, late = (us.candidate(key="a") for _ in range(3))
    assert holder.claim is not None
    async with database.connection() as connection:
        assert await idempotency.take(connection, holder.claim, lease=MINUTE, keep_for=DAY)
    verdicts = await accept_all(database, [early, holder, late])
    assert [type(each) for each in verdicts] == [
        IdempotencyInProgress,
        Video,
        IdempotencyInProgress,
    ]


async def test_a_key_that_was_held_is_free_again_when_its_candidate_is_refused(
    us: Owner, database: Database
) -> None:
    await us.change(queued_limit=0)
    holder = us.candidate(key="a")
    assert holder.claim is not None
    async with database.connection() as connection:
        assert await idempotency.take(connection, holder.claim, lease=MINUTE, keep_for=DAY)
    assert isinstance((await accept_all(database, [holder]))[0], RateLimited)
    assert await rows(database, "idempotency") == 0


@dataclass(frozen=True)
class Order:
    """What an account may ask for."""

    account: int
    engine: int
    seconds: int
    price: int | None
    key: str | None


@dataclass(frozen=True)
class Round:
    """What comes at the same time, and how many videos begin afterwards."""

    orders: list[Order]
    begun: int


ORDERS = st.builds(
    Order,
    account=st.integers(0, 2),
    engine=st.integers(0, 1),
    seconds=st.sampled_from([4, 8, 12]),
    price=st.sampled_from([None, 0, CENT]),
    key=st.sampled_from([None, None, "a", "b", "c"]),
)
ROUNDS = st.builds(Round, orders=st.lists(ORDERS, max_size=12), begun=st.integers(0, 4))
LIMITS = st.fixed_dictionaries(
    {
        "weight": st.sampled_from([1, 3]),
        "queued_limit": st.sampled_from([None, None, 0, 2, 5]),
        "running_limit": st.sampled_from([None, 1, 3]),
        "has_credit": st.booleans(),
        "balance": st.sampled_from([0, 80_000, 250_000]),
    }
)


class World:
    """Three accounts and two engines of their own, and everything that is known of them."""

    def __init__(self, database: Database, number: int) -> None:
        self.database = database
        self.number = number
        self.owners: list[Owner] = []
        self.asked: dict[VideoId, int] = {}

    async def open(self, limits: Sequence[dict[str, object]]) -> None:
        for columns in limits:
            name = f"world {self.number} {secrets.token_hex(8)}"
            self.owners.append(await open_account(self.database, name, **columns))

    def candidate(self, order: Order) -> Candidate:
        video_id = VideoId(f"{self.number}{len(self.asked):025}")
        self.asked[video_id] = len(self.asked)
        spec = replace(SPEC, engine=f"engine {self.number} {order.engine}", seconds=order.seconds)
        owner = self.owners[order.account]
        asked = owner.candidate(spec, price_per_second=order.price, key=order.key)
        return replace(asked, video_id=video_id)

    async def begin(self, count: int) -> list[int | None]:
        """Which ones go next."""
        engines = [f"engine {self.number} {engine}" for engine in range(2)]
        begun = [
            await rendering.begin_next(self.database, engines, worker_id=UUID(int=1))
            for _ in range(count)
        ]
        return [self.asked[video.id] if video else None for video in begun]

    async def state(self) -> list[list[tuple[object, ...]]]:
        """With accounts and videos told by their number."""
        queries = (
            "select balance, null::text from account where id = $1",
            "select amount, video_id from ledger where account_id = $1 order by video_id",
            "select key, made_id from idempotency where account_id = $1 order by key",
            "select finish, null::text from account_clock where account_id = $1 order by engine",
            "select (status, fair_start, is_admitted)::text, id from video where account_id = $1 order by id",
        )
        found: list[list[tuple[object, ...]]] = []
        async with self.database.connection() as connection:
            for owner in self.owners:
                for query in queries:
                    told = await connection.fetch(query, owner.account_id)
                    found.append([(value, self.asked.get(video_id)) for value, video_id in told])
                page = await lists.read_page(
                    connection, owner.account_id, after=None, limit=99, newest_first=False
                )
                found.append([(self.asked[video.id],) for video in page])
        return found


def told(verdict: Verdict) -> tuple[object, ...]:
    if isinstance(verdict, FilmgateError):
        return type(verdict), verdict.message
    return verdict.place, verdict.revision, verdict.status


async def together(world: World, orders: Sequence[Order]) -> list[tuple[object, ...]]:
    asked = [world.candidate(order) for order in orders]
    return [told(verdict) for verdict in await accept_all(world.database, asked)]


async def one_by_one(world: World, orders: Sequence[Order]) -> list[tuple[object, ...]]:
    """But whoever comes at the same time as another with its key is told to come again, whatever becomes of that."""
    taken: set[tuple[int, str]] = set()
    verdicts: list[tuple[object, ...]] = []
    for order in orders:
        asked = world.candidate(order)
        if order.key and (order.account, order.key) in taken:
            verdicts.append((IdempotencyInProgress, in_progress().message))
            continue
        if order.key:
            taken.add((order.account, order.key))
        verdicts += [told(verdict) for verdict in await accept_all(world.database, [asked])]
    return verdicts


async def test_what_is_accepted_together_is_what_would_have_been_accepted_one_by_one(
    dsn: str,
) -> None:
    """Verdicts, places, limits, money, keys, lists, and who begins when."""

    @settings(max_examples=40)
    @given(
        limits=st.lists(LIMITS, min_size=3, max_size=3),
        history=st.lists(ROUNDS, min_size=1, max_size=4),
    )
    def holds(limits: list[dict[str, object]], history: list[Round]) -> None:
        asyncio.run(_live_twice(dsn, limits, history))

    await asyncio.to_thread(holds)


async def _live_twice(
    dsn: str, limits: Sequence[dict[str, object]], history: Sequence[Round]
) -> None:
    database = await Database.open(dsn, max_connections=2)
    try:
        async with database.connection() as connection:
            await connection.execute(
                "truncate video, ledger, idempotency, account_clock, engine_clock cascade"
            )
        alone, crowd = World(database, 1), World(database, 2)
        for world in (alone, crowd):
            await world.open(limits)
        for each in history:
            assert await together(crowd, each.orders) == await one_by_one(alone, each.orders)
            assert await crowd.begin(each.begun) == await alone.begin(each.begun)
            assert await crowd.state() == await alone.state()
    finally:
        await database.aclose()
