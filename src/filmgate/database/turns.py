"""Turns: which process runs a periodic job, and when it is due again. By the database's clock.

A turn is a lease in a row, and not a lock: a lock would need a transaction as long as the job, and would stay with
a process that is paused.
"""

from datetime import timedelta
from uuid import UUID

import asyncpg


async def take(
    connection: asyncpg.Connection, name: str, *, holder: UUID, lease: timedelta
) -> bool:
    """Hold the job for so long, if it is due and nobody holds it. Return whether it was."""
    taken = await connection.fetchval(
        """
        insert into periodic_job as job (name, holder, held_until) values ($1, $2, now() + $3::interval)
        on conflict (name) do update set holder = $2, held_until = now() + $3::interval
        where job.due_at <= now() and (job.holder is null or job.held_until < now())
        returning true
        """,
        name,
        holder,
        lease,
    )
    return bool(taken)


async def renew(
    connection: asyncpg.Connection, name: str, *, holder: UUID, lease: timedelta
) -> bool:
    """Return whether the job is still the holder's."""
    renewed = await connection.fetchval(
        """
        update periodic_job set held_until = now() + $3::interval
        where name = $1 and holder = $2 returning true
        """,
        name,
        holder,
        lease,
    )
    return bool(renewed)


async def end(
    connection: asyncpg.Connection, name: str, *, holder: UUID, due_in: timedelta
) -> None:
    """The job is done, and due again after so long, unless another process has taken it over."""
    await connection.execute(
        """
        update periodic_job set holder = null, due_at = now() + $3::interval
        where name = $1 and holder = $2
        """,
        name,
        holder,
        due_in,
    )
