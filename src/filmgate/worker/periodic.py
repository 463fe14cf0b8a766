"""Periodic jobs: each runs in every worker, and in one of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from filmgate.core.errors import ServiceUnavailable
from filmgate.core.ports import ObjectStore
from filmgate.database.connection import Database
from filmgate.usecases import deliveries, retention
from filmgate.worker.runner import LOST_AFTER

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """`lock` is the advisory lock that keeps two workers from doing the same at once."""

    name: str
    every: timedelta
    lock: int
    run: Callable[[], Awaitable[object]]


def periodic_jobs(database: Database, store: ObjectStore) -> tuple[PeriodicJob, ...]:
    """All of them, in the order in which they first run."""
    return (
        PeriodicJob(
            "sweep",
            timedelta(seconds=5),
            0x66677301,
            lambda: retention.enqueue_forgotten(database, quiet_for=LOST_AFTER),
        ),
        PeriodicJob(
            "retention",
            timedelta(seconds=30),
            0x66677302,
            lambda: retention.remove_expired(database, store=store),
        ),
        PeriodicJob(
            "queue log",
            timedelta(minutes=10),
            0x66677303,
            lambda: retention.trim_queue_log(database),
        ),
        PeriodicJob(
            "delivery log",
            timedelta(hours=1),
            0x66677304,
            lambda: deliveries.trim(database),
        ),
    )


async def repeat(job: PeriodicJob, database: Database) -> None:
    """Run the job now and then again and again; a part that is away only postpones it."""
    while True:
        try:
            await _run_alone(job, database)
        except ServiceUnavailable as error:
            log.warning("periodic job postponed", job=job.name, reason=error.message)
        await asyncio.sleep(job.every.total_seconds())


async def _run_alone(job: PeriodicJob, database: Database) -> None:
    async with database.transaction() as connection:
        if await connection.fetchval("select pg_try_advisory_xact_lock($1)", job.lock):
            await job.run()
