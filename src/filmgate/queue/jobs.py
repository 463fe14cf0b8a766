"""Jobs: put into the queue, taken out, and claimed, always beside the video that they are about.

A job's dedupe key is its video's id, so that a video never has two. PgQueuer's own `log_jobs` and
`retry_job` are not used: they find a job by its number alone, so that a worker which lost a job and
wakes up again would delete its successor's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.types import QueueEntrypoint, QueueManagerId

from filmgate.core.video import VideoId
from filmgate.queue.schema import queries


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed entry of the queue."""

    video_id: VideoId


async def enqueue(
    connection: asyncpg.Connection,
    video_id: VideoId,
    *,
    engine: str,
    delay: timedelta = timedelta(0),
) -> None:
    """Put the video in line, inside the caller's transaction. Nothing happens if it stands there already."""
    await queries(connection).enqueue(
        engine,
        video_id.encode(),
        execute_after=delay,
        dedupe_key=video_id,
        on_conflict="skip",
    )


async def remove(connection: asyncpg.Connection, video_id: VideoId) -> None:
    """Take the video out of the line, whoever holds its job, inside the caller's transaction."""
    await connection.execute(
        "delete from pgqueuer where dedupe_key = $1 and status in ('queued', 'picked')", video_id
    )


async def claim_next(
    connection: asyncpg.Connection,
    worker_id: UUID,
    *,
    engines: Iterable[str],
    lost_after: timedelta,
) -> Job | None:
    """Claim the next job of one of the engines, or one whose worker has been silent for `lost_after`."""
    jobs = await queries(connection).dequeue(
        batch_size=1,
        entrypoints={
            QueueEntrypoint(name): EntrypointExecutionParameter(concurrency_limit=0)
            for name in engines
        },
        queue_manager_id=QueueManagerId(worker_id),
        global_concurrency_limit=None,  # the runner counts its slots itself
        heartbeat_timeout=lost_after,
    )
    if not jobs:
        return None
    return Job(VideoId((jobs[0].payload or b"").decode()))


async def touch(
    connection: asyncpg.Connection, worker_id: UUID, *, held: Iterable[VideoId]
) -> None:
    """A worker's sign of life for the jobs that it works on. What it claimed and dropped must fall silent."""
    await connection.execute(
        """
        update pgqueuer set heartbeat = now()
        where queue_manager_id = $1 and status = 'picked' and dedupe_key = any($2::text[])
        """,
        worker_id,
        list(held),
    )


async def release(connection: asyncpg.Connection, worker_id: UUID) -> None:
    """Give back every job that the worker has claimed: it works on none any more."""
    await connection.execute(
        """
        update pgqueuer set status = 'queued', queue_manager_id = null
        where queue_manager_id = $1 and status = 'picked'
        """,
        worker_id,
    )


async def trim_log(connection: asyncpg.Connection, *, keep_for: timedelta) -> None:
    """PgQueuer logs every step of every job and never forgets; we only want the recent ones."""
    await connection.execute(
        "delete from pgqueuer_log where created < now() - $1::interval", keep_for
    )
