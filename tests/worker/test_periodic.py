"""Periodic jobs: each in one worker at a time, whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from filmgate.core.errors import StorageUnavailable
from filmgate.database import turns
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.worker.periodic import LEASE, PeriodicJob, periodic_jobs, repeat
from tests.eventually import eventually

OFTEN = timedelta(milliseconds=10)


class Turnstile:
    """A job that takes a moment, and knows how many of it go on."""

    def __init__(self) -> None:
        self.inside = self.most = self.runs = 0

    async def run(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(0.05)
        finally:
            self.inside -= 1
            self.runs += 1

    @property
    def job(self) -> PeriodicJob:
        return PeriodicJob("turnstile", OFTEN, self.run)


@asynccontextmanager
async def workers(
    count: int, job: PeriodicJob, dsn: str, *, lease: timedelta = LEASE
) -> AsyncIterator[None]:
    """So many, each with connections of its own."""
    databases = [await Database.open(dsn) for _ in range(count)]
    async with asyncio.TaskGroup() as life:
        repeating = [life.create_task(repeat(job, database, lease=lease)) for database in databases]
        try:
            yield
        finally:
            for task in repeating:
                task.cancel()
    for database in databases:
        await database.aclose()


async def test_of_three_workers_one_at_a_time_does_it(dsn: str) -> None:
    turnstile = Turnstile()
    async with workers(3, turnstile.job, dsn):

        async def often() -> bool:
            return turnstile.runs >= 10

        await eventually(often)
    assert turnstile.most == 1


async def test_what_a_dead_worker_held_the_next_one_takes(dsn: str, database: Database) -> None:
    turnstile = Turnstile()
    async with database.connection() as connection:
        lease = timedelta(seconds=1)
        assert await turns.take(connection, "turnstile", holder=uuid4(), lease=lease)
    async with workers(2, turnstile.job, dsn):
        await asyncio.sleep(0.3)
        assert turnstile.runs == 0

        async def is_done_again() -> bool:
            return turnstile.runs > 0

        await eventually(is_done_again)


async def test_a_worker_that_was_paused_stops_what_another_has_taken_over(
    dsn: str, database: Database
) -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            raise

    async with workers(1, PeriodicJob("long", OFTEN, work), dsn, lease=timedelta(seconds=1)):

        async def take_over() -> bool:
            async with database.connection() as connection:
                return bool(
                    await connection.fetchval(
                        "update periodic_job set holder = $1 where name = 'long' returning true",
                        uuid4(),
                    )
                )

        await eventually(take_over)
        async with asyncio.timeout(10):
            await stopped.wait()


async def test_a_job_that_is_running_holds_no_transaction_open(
    dsn: str, database: Database
) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        inside.set()
        await asyncio.sleep(60)

    async with workers(1, PeriodicJob("long", OFTEN, work), dsn):
        async with asyncio.timeout(10):
            await inside.wait()
        async with database.connection() as connection:
            idle = await connection.fetchval(
                """
                select count(*) from pg_stat_activity
                where datname = current_database() and state like 'idle in transaction%'
                """
            )
    assert idle == 0


async def test_a_job_with_a_bug_is_tried_again_and_ends_nothing_else(dsn: str) -> None:
    tries = 0

    async def stumble() -> None:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    async with workers(1, PeriodicJob("stumbling", OFTEN, stumble), dsn):

        async def again() -> bool:
            return tries >= 3

        await eventually(again)


async def test_a_part_that_is_away_only_postpones_it(dsn: str) -> None:
    tries = 0

    async def fail() -> None:
        nonlocal tries
        tries += 1
        raise StorageUnavailable("away")

    async with workers(1, PeriodicJob("failing", OFTEN, fail), dsn):

        async def again() -> bool:
            return tries >= 3

        await eventually(again)


def test_no_two_jobs_share_a_turn(tmp_path: Path) -> None:
    database = Database.__new__(Database)
    store = LocalObjectStore(tmp_path)
    jobs = periodic_jobs(
        database,
        store,
        engines={},
        queue_limit=timedelta(days=1),
        keep_records=timedelta(days=90),
    )
    assert len({job.name for job in jobs}) == len(jobs)
