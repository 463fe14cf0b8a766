"""Periodic jobs: each runs in every worker, and in one of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from filmgate.core.errors import ServiceUnavailable
from filmgate.core.ports import Engine, ObjectStore
from filmgate.database.connection import Database
from filmgate.usecases import deliveries, idempotency, retention, stopping
from filmgate.usecases.orphans import remove_orphans

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """`lock` is the advisory lock that keeps two workers from doing the same at once."""

    name: str
    every: timedelta
    lock: int
    run: Callable[[], Awaitable[object]]


def periodic_jobs(
    database: Database,
    store: ObjectStore,
    *,
    engines: Mapping[str, Engine],
    queue_limit: timedelta,
) -> tuple[PeriodicJob, ...]:
    """All of them, in the order in which they first run."""
    return (
        PeriodicJob(
            "overdue",
            timedelta(seconds=15),
            0x66677301,
            lambda: retention.fail_overdue(database, queue_limit=queue_limit),
        ),
        PeriodicJob(
            "line",
            timedelta(seconds=2),
            0x66677303,
            lambda: retention.move_up(database),
        ),
        PeriodicJob(
            "admission",
            timedelta(seconds=5),
            0x66677308,
            lambda: retention.admit_forgotten(database),
        ),
        PeriodicJob(
            "retention",
            timedelta(seconds=30),
            0x66677302,
            lambda: retention.remove_expired(database, store=store),
        ),
        PeriodicJob(
            "upstream jobs",
            timedelta(seconds=15),
            0x66677307,
            lambda: stopping.stop_unwanted(database, engines),
        ),
        PeriodicJob(
            "idempotency keys",
            timedelta(hours=1),
            0x66677306,
            lambda: idempotency.trim(database),
        ),
        PeriodicJob(
            "orphans",
            timedelta(hours=1),
            0x66677305,
            lambda: remove_orphans(database, store=store),
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
