"""Two processes that accept at once, for the same accounts; and a commit of which a process never hears."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from filmgate.core.candidate import Candidate
from filmgate.core.errors import (
    IdempotencyInProgress,
    InvalidTransition,
    OutcomeUnknown,
    QuotaExceeded,
    RateLimited,
)
from filmgate.core.idempotency import Claim
from filmgate.core.video import Video, VideoId
from filmgate.database.connection import Database
from filmgate.usecases import rendering, videos
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.idempotency import Made, once
from tests.claiming import complete
from tests.creating import count, ends, ids, running
from tests.usecases.conftest import SPEC, Owner, open_account

FUNDS = 15 * 80_000
"""Of the account that has credit."""

CENT = 10_000
"""In micro-units; the price of a second in these tests. A film of 8 seconds costs 80,000."""


@asynccontextmanager
async def two_processes(dsn: str) -> AsyncIterator[list[tuple[Database, Acceptance]]]:
    """Each with a pool of its own."""
    async with AsyncExitStack() as stack:
        processes = []
        for _ in range(2):
            database = await Database.open(dsn)
            stack.push_async_callback(database.aclose)
            acceptance = Acceptance(database, at_once=16)
            processes.append((database, await stack.enter_async_context(running(acceptance))))
        yield processes


async def test_the_same_key_fifty_times_over_two_processes_makes_one_video(
    dsn: str, us: Owner
) -> None:
    async def insist(database: Database, acceptance: Acceptance) -> Made[Video]:
        """As a client does that comes again for as long as it is told to."""
        while True:
            asked = us.candidate(price_per_second=CENT, key="a")
            try:
                return await create_once(database, acceptance, asked)
            except IdempotencyInProgress as early:
                await asyncio.sleep(early.retry_after.total_seconds())

    async with two_processes(dsn) as processes:
        made = await asyncio.gather(*(insist(*each) for each in processes * 25))
    assert [each.is_replay for each in made].count(False) == 1
    assert {each.thing.id for each in made} == await ids(us.database)
    assert len(await ids(us.database)) == 1
    assert await count(us.database, "count(*) from ledger") == 1


async def open_accounts(database: Database) -> list[Owner]:
    """One for each limit that there is, and one without."""
    limits: list[dict[str, object]] = [
        {"queued_limit": 20},
        {"running_limit": 3},
        {"has_credit": True, "balance": FUNDS},
        {"weight": 3},
    ]
    return [
        await open_account(database, f"account {number}", **columns)
        for number, columns in enumerate(limits)
    ]


async def test_two_processes_at_full_tilt_keep_every_limit_to_the_last_video(
    dsn: str, database: Database
) -> None:
    owners = await open_accounts(database)
    luck = random.Random(7)
    asked = [owner.candidate(price_per_second=CENT) for owner in owners for _ in range(60)]
    luck.shuffle(asked)
    async with two_processes(dsn) as processes:
        (_, one), (_, other) = processes
        told = await asyncio.gather(ends(one, asked[::2]), ends(other, asked[1::2]))
    kinds = Counter(type(each) for some in told for each in some)
    assert kinds == {Video: 20 + 60 + 15 + 60, RateLimited: 40, QuotaExceeded: 45}
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            select count(*) as count, count(*) filter (where is_admitted) as admitted, min(balance) as balance,
                   count(distinct fair_start) as places, max(fair_start + fair_cost) = min(finish) as is_whole
            from account join video on account_id = account.id
            join account_clock on account_clock.account_id = account.id group by account.id order by account.id
            """
        )
    assert [tuple(row) for row in rows] == [
        (20, 20, -20 * 80_000, 20, True),
        (60, 3, -60 * 80_000, 60, True),
        (15, 15, 0, 15, True),
        (60, 60, -60 * 80_000, 60, True),
    ]


@dataclass
class Bustle:
    """What the clients and the worker of two processes do, in no order: every one of them the next thing at once."""

    owners: list[Owner]
    luck: random.Random
    made: set[VideoId] = field(default_factory=set)

    async def live(self, database: Database, acceptance: Acceptance) -> None:
        for _ in range(12):
            owner = replace(self.luck.choice(self.owners), database=database)
            act = self.luck.choice(
                [self._create, self._create, self._create, self._cancel, self._work]
            )
            with suppress(RateLimited, QuotaExceeded, IdempotencyInProgress, InvalidTransition):
                await act(owner, acceptance)

    async def _create(self, owner: Owner, acceptance: Acceptance) -> Video:
        key = self.luck.choice([None, f"key-{self.luck.randrange(40)}"])
        asked = owner.candidate(price_per_second=CENT, key=key)
        made = (await create_once(owner.database, acceptance, asked)).thing
        self.made.add(made.id)
        return made

    async def _cancel(self, owner: Owner, acceptance: Acceptance) -> None:
        video = await self._create(owner, acceptance)
        await videos.cancel(owner.database, video.id, account_id=owner.account_id)

    async def _work(self, owner: Owner, acceptance: Acceptance) -> None:
        video = await rendering.begin_next(owner.database, [SPEC.engine], worker_id=UUID(int=1))
        if video is not None:
            await complete(owner.database, video)


async def test_two_processes_at_full_tilt_never_get_into_each_others_way(
    dsn: str, database: Database
) -> None:
    """A deadlock would end in DatabaseUnavailable, which nobody expects here."""
    bustle = Bustle(await open_accounts(database), random.Random(11))

    async def watch() -> None:
        async with database.connection() as connection:
            while True:
                assert await connection.fetch(_OVER_THE_LIMIT) == []

    async with two_processes(dsn) as processes, asyncio.TaskGroup() as life:
        watching = life.create_task(watch())
        await asyncio.gather(*(bustle.live(*each) for each in processes * 20))
        watching.cancel()
    assert bustle.made == await ids(database)
    async with database.connection() as connection:
        wrong = await connection.fetch(_MONEY_THAT_DOES_NOT_ADD_UP, FUNDS)
        kept = await connection.fetch("select made_id from idempotency")
    assert wrong == []
    assert {row["made_id"] for row in kept} <= bustle.made
    assert len({row["made_id"] for row in kept}) == len(kept) > 0


_OVER_THE_LIMIT = """
    select account.id from account join video on account_id = account.id
    where status in ('queued', 'in_progress')
    group by account.id
    having count(*) filter (where status = 'queued') > min(queued_limit)
        or count(*) filter (where is_admitted) > min(running_limit)
        or min(balance) < 0 and bool_or(has_credit)
"""
_MONEY_THAT_DOES_NOT_ADD_UP = """
    select account.id from account left join ledger on account_id = account.id
    group by account.id
    having min(balance) <> coalesce(sum(amount), 0) + case when bool_or(has_credit) then $1 else 0 end
"""


class Cut:
    """A way to PostgreSQL that breaks behind the next commit: it is made, and nobody hears of it."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self.is_armed = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, commands = await asyncio.open_unix_connection(self._socket_path)
        async with asyncio.TaskGroup() as ways:
            back = ways.create_task(_copy(answers, writer))
            while data := await reader.read(65_536):
                is_last = self.is_armed and b"COMMIT;" in data
                if is_last:
                    back.cancel()
                    await asyncio.wait([back])
                commands.write(data)
                await commands.drain()
                if is_last:
                    await answers.readuntil(b"COMMIT\0")
                    self.is_armed = False
                    break
            back.cancel()
        for each in (writer, commands):
            each.close()
            with suppress(ConnectionError):
                await each.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()  # as the server has done


@asynccontextmanager
async def cut_off(dsn: str) -> AsyncIterator[tuple[Database, Cut]]:
    """A database whose connections can be cut, and the scissors."""
    parts = urlsplit(dsn)
    (folder,) = parse_qs(parts.query)["host"]
    cut = Cut(f"{folder}/.s.PGSQL.5432")
    async with await asyncio.start_server(cut.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = await Database.open(
            f"postgresql://filmgate@127.0.0.1:{port}{parts.path}?sslmode=disable"
        )
        try:
            yield database, cut
        finally:
            await database.aclose()


async def test_a_commit_of_which_nobody_has_heard_is_found_again_by_its_key(
    dsn: str, us: Owner, them: Owner
) -> None:
    async with cut_off(dsn) as (database, cut), running(Acceptance(database)) as acceptance:
        first = await acceptance.accept(us.candidate())
        cut.is_armed = True
        asked = [owner.candidate(price_per_second=CENT, key="a") for owner in (us, them)]
        told = await ends(acceptance, asked)
        assert [type(each) for each in told] == [OutcomeUnknown] * 2
        assert await ids(us.database) == {first.id, *(each.video_id for each in asked)}
        for candidate in asked:
            found = await create_once(
                database, acceptance, replace(candidate, claim=again(candidate))
            )
            assert (found.thing.id, found.is_replay) == (candidate.video_id, True)
    assert await count(us.database, "count(*) from ledger") == 2


async def test_a_commit_that_was_never_made_leaves_the_key_free(
    acceptance: Acceptance, us: Owner, database: Database
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            """
            create function die() returns trigger language plpgsql
            as 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
            create constraint trigger dies_at_commit after insert on video deferrable initially deferred
            for each row when (new.prompt = 'die') execute function die()
            """
        )
    asked = [us.candidate(key="a"), us.candidate(replace(SPEC, prompt="die"))]
    assert [type(each) for each in await ends(acceptance, asked)] == [OutcomeUnknown] * 2
    assert await ids(database) == set()
    made = await create_once(database, acceptance, replace(asked[0], claim=again(asked[0])))
    assert not made.is_replay


def again(candidate: Candidate) -> Claim:
    """The same request once more."""
    assert candidate.claim is not None
    return replace(candidate.claim, holder=uuid4())


async def create_once(
    database: Database, acceptance: Acceptance, candidate: Candidate
) -> Made[Video]:
    """As the HTTP edge does: at once, or else with the key held first."""
    with suppress(IdempotencyInProgress):
        return Made(await acceptance.accept(candidate))

    async def find(made_id: str) -> Video:
        return await videos.retrieve(database, VideoId(made_id), account_id=candidate.account_id)

    return await once(
        database, candidate.claim, make=lambda: acceptance.accept(candidate), find=find
    )
