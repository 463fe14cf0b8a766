"""Periodic jobs: each in one worker at a time, whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg

from filmgate.core.errors import StorageUnavailable
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.worker.periodic import PeriodicJob, periodic_jobs, repeat
from tests.eventually import eventually

LOCK = 0x66677399
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
        return PeriodicJob("turnstile", OFTEN, LOCK, self.run)


@asynccontextmanager
async def workers(count: int, job: PeriodicJob, dsn: str) -> AsyncIterator[None]:
    """So many, each with connections of its own."""
    databases = [await Database.open(dsn) for _ in range(count)]
    async with asyncio.TaskGroup() as life:
        repeating = [life.create_task(repeat(job, database)) for database in databases]
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


async def test_what_a_dead_workers_connection_held_the_next_one_takes(dsn: str) -> None:
    turnstile = Turnstile()
    dead = await asyncpg.connect(dsn)
    await dead.execute("select pg_advisory_lock($1)", LOCK)
    async with workers(2, turnstile.job, dsn):
        await asyncio.sleep(0.3)
        assert turnstile.runs == 0
        dead.terminate()  # as the kernel does for a process that was killed

        async def is_done_again() -> bool:
            return turnstile.runs > 0

        await eventually(is_done_again)


async def test_a_part_that_is_away_only_postpones_it(dsn: str) -> None:
    tries = 0

    async def fail() -> None:
        nonlocal tries
        tries += 1
        raise StorageUnavailable("away")

    async with workers(1, PeriodicJob("failing", OFTEN, LOCK, fail), dsn):

        async def again() -> bool:
            return tries >= 3

        await eventually(again)


def test_no_two_jobs_share_a_lock(tmp_path: Path) -> None:
    database = Database.__new__(Database)
    store = LocalObjectStore(tmp_path)
    jobs = periodic_jobs(database, store, engines={}, queue_limit=timedelta(days=1))
    assert len({job.lock for job in jobs}) == len({job.name for job in jobs}) == len(jobs)
