"""What an account may have waiting and running, and what it may spend: exact, whoever asks at once."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgate.core.account import Account, Caller
from filmgate.core.errors import (
    EngineCrashed,
    EngineFailed,
    EngineUnavailable,
    InvalidTransition,
    QuotaExceeded,
    RateLimited,
    VideoNotFound,
)
from filmgate.core.spec import ObjectKey, Source, SourceUse
from filmgate.core.video import Asset, Status, Video
from filmgate.database import accounts, ledger
from filmgate.database.connection import Database
from filmgate.database.ledger import EntryKind
from filmgate.usecases import rendering, retention, videos
from tests.claiming import ASSET, begin, complete
from tests.usecases.conftest import SPEC, Owner

WORKER = UUID(int=1)
CENT = 10_000
"""In micro-units; the price of a second in these tests. A film of 8 seconds costs 80,000."""


async def standing(us: Owner) -> Account:
    async with us.database.transaction() as connection:
        return await accounts.lock(connection, us.account_id)


async def limit(us: Owner, **values: object) -> None:
    names = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2))
    async with us.database.connection() as connection:
        await connection.execute(
            f"update account set {names} where id = $1", us.account_id, *values.values()
        )


async def grant(us: Owner, amount: int) -> None:
    async with us.database.transaction() as connection:
        await ledger.write(connection, us.account_id, kind=EntryKind.GRANT, amount=amount)


async def entries(us: Owner) -> list[tuple[EntryKind, int]]:
    async with us.database.connection() as connection:
        found = await ledger.list_entries(connection, us.account_id, limit=1_000)
    return [(entry.kind, entry.amount) for entry in reversed(found)]


async def begin_next(us: Owner) -> Video | None:
    return await rendering.begin_next(us.database, [SPEC.engine], worker_id=WORKER)


async def test_no_more_wait_than_may_whoever_asks_at_once(us: Owner) -> None:
    await limit(us, queued_limit=5)
    results = await asyncio.gather(*(us.create() for _ in range(12)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, RateLimited)]
    assert len(refused) == 7
    assert "5 videos of this account are waiting" in refused[0].message
    await begin_next(us)
    await us.create()
    with pytest.raises(RateLimited):
        await us.create()


async def test_no_more_run_than_may_and_the_end_of_one_lets_the_next_begin(us: Owner) -> None:
    await limit(us, running_limit=2)
    made = [await us.create() for _ in range(5)]
    begun = [await begin_next(us) for _ in range(3)]
    assert [video.id if video else None for video in begun] == [made[0].id, made[1].id, None]
    assert begun[0] is not None
    await complete(us.database, begun[0])
    following = await begin_next(us)
    assert following is not None
    assert following.id == made[2].id
    assert await begin_next(us) is None


@pytest.mark.parametrize("act", [videos.cancel, videos.delete])
async def test_whatever_ends_a_video_lets_the_next_begin(
    act: Callable[..., Awaitable[object]], us: Owner
) -> None:
    await limit(us, running_limit=1)
    first, second = await us.create(), await us.create()
    await begin_next(us)
    await act(us.database, first.id, account_id=us.account_id)
    following = await begin_next(us)
    assert following is not None
    assert following.id == second.id


async def test_another_account_is_not_kept_by_our_limit(us: Owner, them: Owner) -> None:
    await limit(us, running_limit=1)
    for _ in range(3):
        await us.create()
    await begin_next(us)
    theirs = await them.create()
    following = await begin_next(them)
    assert following is not None
    assert following.id == theirs.id


async def test_many_ends_at_once_never_let_more_run_than_may(us: Owner) -> None:
    await limit(us, running_limit=4)
    for _ in range(40):
        await us.create()
    made: list[Video] = []
    most = 0

    async def work() -> None:
        nonlocal most
        while video := await begin_next(us):
            async with us.database.connection() as connection:
                running = await connection.fetchval(
                    "select count(*) from video where status = 'in_progress'"
                )
            most = max(most, running)
            await complete(us.database, video)
            made.append(video)

    while len(made) < 40:
        await asyncio.gather(*(work() for _ in range(10)))
    assert most == 4


async def test_whoever_was_just_being_changed_when_the_others_were_let_in_is_let_in_later(
    us: Owner,
) -> None:
    await limit(us, running_limit=1)
    first, second = await us.create(), await us.create()
    begun = await begin_next(us)
    assert begun is not None
    async with us.database.transaction() as connection:
        await connection.execute("select from video where id = $1 for update", second.id)
        await complete(us.database, begun)
        assert await begin_next(us) is None
    assert await retention.admit_forgotten(us.database) == 1
    following = await begin_next(us)
    assert following is not None
    assert (begun.id, following.id) == (first.id, second.id)


async def test_whoever_waits_outside_is_let_in_once_there_is_no_limit(us: Owner) -> None:
    await limit(us, running_limit=1)
    for _ in range(4):
        await us.create()
    assert await retention.admit_forgotten(us.database) == 0
    await limit(us, running_limit=None)
    assert await retention.admit_forgotten(us.database) == 3


async def test_a_film_is_paid_for_when_it_is_delivered(us: Owner) -> None:
    await limit(us, has_credit=True)
    await grant(us, 100_000)
    video = await begin(us.database, (await us.create(price_per_second=CENT)).id)
    assert (await standing(us)).balance == 20_000
    await complete(us.database, video, asset=replace(ASSET, duration=8.0))
    assert (await standing(us)).balance == 20_000
    assert (await us.retrieve(video)).charge == 80_000
    assert await entries(us) == [
        (EntryKind.GRANT, 100_000),
        (EntryKind.RESERVE, -80_000),
        (EntryKind.SETTLE, 0),
    ]


async def test_a_film_shorter_than_ordered_costs_less(us: Owner) -> None:
    await grant(us, 100_000)
    video = await begin(us.database, (await us.create(price_per_second=CENT)).id)
    await complete(us.database, video, asset=replace(ASSET, duration=5.5))
    assert (await us.retrieve(video)).charge == 55_000
    assert (await standing(us)).balance == 45_000


async def test_a_film_longer_than_ordered_costs_what_was_agreed(us: Owner) -> None:
    video = await begin(us.database, (await us.create(price_per_second=CENT)).id)
    await complete(us.database, video, asset=replace(ASSET, duration=9.0))
    assert (await us.retrieve(video)).charge == 80_000


async def test_of_an_extension_only_what_is_new_costs(us: Owner) -> None:
    source = Source(use=SourceUse.EXTENSION, key=ObjectKey("videos/x/source.mp4"), duration=4.6)
    spec = replace(SPEC, seconds=9, source=source)
    video = await begin(us.database, (await us.create(spec, price_per_second=CENT)).id)
    assert (await standing(us)).balance == -40_000
    asset = Asset(key=ObjectKey("videos/x/1/video.mp4"), size_bytes=1, duration=9.0)
    await complete(us.database, video, asset=asset)
    assert (await us.retrieve(video)).charge == 40_000


async def test_what_cannot_be_paid_is_refused_and_leaves_no_trace(us: Owner) -> None:
    await limit(us, has_credit=True)
    await grant(us, 150_000)
    await us.create(price_per_second=CENT)
    with pytest.raises(QuotaExceeded, match=r"cost up to 0\.08, and the account has 0\.07 left"):
        await us.create(price_per_second=CENT)
    assert (await standing(us)).balance == 70_000
    async with us.database.connection() as connection:
        assert await connection.fetchval("select count(*) from video") == 1


async def test_credit_is_not_spent_twice_by_those_who_ask_at_once(us: Owner) -> None:
    await limit(us, has_credit=True)
    await grant(us, 5 * 80_000)
    results = await asyncio.gather(
        *(us.create(price_per_second=CENT) for _ in range(15)), return_exceptions=True
    )
    assert sum(isinstance(result, QuotaExceeded) for result in results) == 10
    assert (await standing(us)).balance == 0


async def test_an_account_without_credit_runs_up_a_bill(us: Owner) -> None:
    await us.create(price_per_second=CENT)
    assert (await standing(us)).balance == -80_000


async def test_what_is_free_leaves_no_entry(us: Owner) -> None:
    video = await begin(us.database, (await us.create()).id)
    await complete(us.database, video)
    assert await entries(us) == []


async def test_the_database_itself_refuses_a_second_settlement(us: Owner) -> None:
    video = await begin(us.database, (await us.create(price_per_second=CENT)).id)
    await complete(us.database, video)
    async with us.database.connection() as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await ledger.write(
                connection, us.account_id, kind=EntryKind.RELEASE, amount=1, video_id=video.id
            )


class History:
    """One account's life, told by an arbitrary sequence of numbers."""

    ACTIONS = (
        "create",
        "create",
        "create",
        "begin",
        "complete",
        "cancel",
        "delete",
        "away",
        "crash",
        "fail",
        "lose",
        "grant",
        "overdue",
        "hand back",
    )

    def __init__(self, us: Owner, seed: int) -> None:
        self.us = us
        self.luck = random.Random(seed)
        self.made: list[Video] = []
        self.held: list[Video] = []

    async def act(self, action: str) -> None:
        us = self.us
        with suppress(QuotaExceeded, RateLimited, InvalidTransition, VideoNotFound):
            match action:
                case "create":
                    price = self.luck.choice([None, 0, 1, CENT])
                    self.made.append(await us.create(price_per_second=price))
                case "begin":
                    if video := await begin_next(us):
                        self.held.append(video)
                case "cancel" | "delete" if self.made:
                    change = videos.cancel if action == "cancel" else videos.delete
                    video = self.luck.choice(self.made)
                    await change(us.database, video.id, account_id=us.account_id)
                case "grant":
                    await grant(us, self.luck.randrange(200_000))
                case "overdue":
                    await retention.fail_overdue(us.database, queue_limit=timedelta(seconds=0.2))
                case _ if self.held:
                    await self._end(action)

    async def _end(self, action: str) -> None:
        """Attempts end in any order, and some twice: the second must change nothing."""
        us, video = self.us, self.luck.choice(self.held)
        match action:
            case "complete":
                seconds = self.luck.uniform(0, 9)
                await complete(us.database, video, asset=replace(ASSET, duration=seconds))
            case "hand back":
                await rendering.hand_back(us.database, video)
            case "lose":
                self.held += await rendering.take_over_lost(
                    us.database, [SPEC.engine], worker_id=WORKER, silent_for=timedelta(0)
                )
            case _:
                error = {
                    "away": EngineUnavailable("away"),
                    "crash": EngineCrashed("broken"),
                    "fail": EngineFailed("engine_failed", "no"),
                }[action]
                await rendering.give_up(us.database, video, error, retry_delay=timedelta(0))

    async def check(self) -> None:
        async with self.us.database.connection() as connection:
            balance, total, has_credit = await connection.fetchrow(
                """
                select balance, (select coalesce(sum(amount), 0) from ledger where account_id = $1),
                       has_credit
                from account where id = $1
                """,
                self.us.account_id,
            )
            wrong = await connection.fetch(
                """
                select video.id from video
                left join lateral (
                    select coalesce(sum(amount), 0) as paid,
                           count(*) filter (where kind = 'reserve') as reserved,
                           count(*) filter (where kind in ('settle', 'release')) as ended
                    from ledger where video_id = video.id) as entries on true
                where (charge is null) <> (status in ('queued', 'in_progress'))
                   or reserved <> (coalesce(price_per_second, 0) > 0)::int
                   or ended <> (coalesce(price_per_second, 0) > 0 and charge is not null)::int
                   or (charge is not null and paid <> -charge)
                   or (charge > 0 and status <> 'completed')
                """
            )
        assert balance == total
        assert balance >= 0 or not has_credit
        assert wrong == []


async def test_the_ledger_adds_up_over_any_history(dsn: str, us: Owner) -> None:
    """On a database of its own for all examples: each example is another account's life."""

    @settings(max_examples=25)
    @given(
        seed=st.integers(0, 2**32),
        actions=st.lists(st.sampled_from(History.ACTIONS), min_size=5, max_size=40),
        has_credit=st.booleans(),
        running_limit=st.sampled_from([None, 1, 3]),
    )
    def holds(
        seed: int, actions: list[str], *, has_credit: bool, running_limit: int | None
    ) -> None:
        asyncio.run(_live(dsn, seed, actions, has_credit=has_credit, running_limit=running_limit))

    await asyncio.to_thread(holds)


async def _live(
    dsn: str, seed: int, actions: list[str], *, has_credit: bool, running_limit: int | None
) -> None:
    database = await Database.open(dsn)
    try:
        async with database.connection() as connection:
            await connection.execute("truncate video, ledger, account_clock, engine_clock cascade")
            account_id = await accounts.ensure_account(connection, f"life {secrets.token_hex(8)}")
            key = await accounts.insert_key(
                connection, account_id, name="k", digest=secrets.token_bytes(32), hint="x"
            )
        owner = Owner(database, Caller(account_id, key.id))
        await limit(owner, has_credit=has_credit, running_limit=running_limit)
        history = History(owner, seed)
        for action in actions:
            await history.act(action)
            await history.check()
    finally:
        await database.aclose()


async def test_a_race_of_endings_has_one_winner_and_one_charge(us: Owner) -> None:
    await grant(us, 10_000_000)
    for _ in range(10):
        video = await begin(us.database, (await us.create(price_per_second=CENT)).id)
        await asyncio.gather(
            complete(us.database, video),
            complete(us.database, video),
            rendering.give_up(
                us.database, video, EngineFailed("engine_failed", "no"), retry_delay=timedelta(0)
            ),
            videos.cancel(us.database, video.id, account_id=us.account_id),
            videos.delete(us.database, video.id, account_id=us.account_id),
            return_exceptions=True,
        )
    await History(us, 0).check()
    async with us.database.connection() as connection:
        counts = await connection.fetch("select count(*) from event group by video_id")
        open_ones = await connection.fetchval(
            "select count(*) from video where status = $1", Status.IN_PROGRESS
        )
    assert {row["count"] for row in counts} <= {1}
    assert open_ones == 0
