"""Periodic jobs: every worker looks after all of them, and each runs in one worker at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn
from uuid import UUID, uuid4

import structlog

from filmgate.core.errors import ServiceUnavailable
from filmgate.core.ports import Engine, ObjectStore
from filmgate.database import turns
from filmgate.database.connection import Database
from filmgate.usecases import deliveries, idempotency, retention, stopping
from filmgate.usecases.leases import renewing
from filmgate.usecases.orphans import Sweep

LEASE = timedelta(seconds=20)
"""How long a process that falls silent keeps a job from the others."""

log = structlog.get_logger()


class TurnLost(Exception):
    """Another process runs this job by now."""


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """`name` is that of its turn, which keeps two workers from doing the same at once."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]


def periodic_jobs(
    database: Database,
    store: ObjectStore,
    *,
    engines: Mapping[str, Engine],
    queue_limit: timedelta,
    keep_records: timedelta,
) -> tuple[PeriodicJob, ...]:
    """All of them, in the order in which they first run."""
    return (
        PeriodicJob(
            "overdue",
            timedelta(seconds=15),
            lambda: retention.fail_overdue(database, queue_limit=queue_limit),
        ),
        PeriodicJob(
            "line",
            timedelta(seconds=2),
            lambda: retention.move_up(database),
        ),
        PeriodicJob(
            "admission",
            timedelta(seconds=5),
            lambda: retention.admit_forgotten(database),
        ),
        PeriodicJob(
            "retention",
            timedelta(seconds=30),
            lambda: retention.remove_expired(database, store=store),
        ),
        PeriodicJob(
            "old records",
            timedelta(minutes=10),
            lambda: retention.remove_old_records(database, keep_for=keep_records),
        ),
        PeriodicJob(
            "upstream jobs",
            timedelta(seconds=15),
            lambda: stopping.stop_unwanted(database, engines),
        ),
        PeriodicJob(
            "idempotency keys",
            timedelta(hours=1),
            lambda: idempotency.trim(database),
        ),
        PeriodicJob(
            "orphans",
            timedelta(hours=1),
            Sweep(database, store).run,
        ),
        PeriodicJob(
            "delivery log",
            timedelta(hours=1),
            lambda: deliveries.trim(database),
        ),
    )


async def repeat(job: PeriodicJob, database: Database, *, lease: timedelta = LEASE) -> NoReturn:
    """Run the job whenever it is due and no other process does; a part that is away only postpones it."""
    holder = uuid4()
    while True:
        try:
            async with database.connection() as connection:
                is_ours = await turns.take(connection, job.name, holder=holder, lease=lease)
            if is_ours:
                await _run(job, database, holder=holder, lease=lease)
        except ServiceUnavailable as error:
            log.warning("periodic job postponed", job=job.name, reason=error.message)
        except Exception:
            log.exception("a periodic job ended as none may", job=job.name)
        await asyncio.sleep(job.every.total_seconds())


async def _run(job: PeriodicJob, database: Database, *, holder: UUID, lease: timedelta) -> None:
    async def renew() -> None:
        async with database.connection() as connection:
            if not await turns.renew(connection, job.name, holder=holder, lease=lease):
                raise TurnLost(job.name)  # we were paused for too long

    # A little sooner than we ask again, or we would always come a moment too early.
    due_in = job.every * 0.9
    try:
        await renewing(job.run, renew, lease=lease, of=job.name)
    except asyncio.CancelledError:
        due_in = timedelta(0)  # we leave in the middle of it: the next one goes on
        raise
    finally:
        async with database.connection() as connection:
            await turns.end(connection, job.name, holder=holder, due_in=due_in)
