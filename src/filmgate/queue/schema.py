"""PgQueuer's tables: under names that we choose, installed and upgraded by PgQueuer itself."""

from typing import Any, Final

import asyncpg
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.queries import Queries

CHANNEL: Final = "ch_pgqueuer"
"""Notified by PgQueuer's trigger when a job comes or goes: a hint, never a promise."""

# Every name is given: PgQueuer would take those left out from variables as common as CHANNEL and FUNCTION.
_NAMES: Final[dict[str, Any]] = {
    "prefix": "",
    "db_schema": None,
    "channel": CHANNEL,
    "function": "fn_pgqueuer_changed",
    "statistics_table": "pgqueuer_statistics",
    "queue_status_type": "pgqueuer_status",
    "queue_table": "pgqueuer",
    "queue_table_log": "pgqueuer_log",
    "trigger": "tg_pgqueuer_changed",
    "schedules_table": "pgqueuer_schedules",
    "durability": Durability.durable,
    "widen_id": True,
}
_SETTINGS: Final = DBSettings(**_NAMES)
_ENVIRONMENT: Final = QueryBuilderEnvironment(_SETTINGS)
_BUILDER: Final = QueryQueueBuilder(_SETTINGS)


def queries(connection: asyncpg.Connection) -> Queries:
    """PgQueuer's calls on the caller's connection, and so in its transaction."""
    calls = Queries.from_asyncpg_connection(connection)
    calls.qbe, calls.qbq = _ENVIRONMENT, _BUILDER
    return calls


async def queue_is_current(connection: asyncpg.Connection) -> bool:
    """Whether PgQueuer's tables are there, and as this PgQueuer wants them."""
    calls = queries(connection)
    return await calls.schema_is_installed() and not (await calls.plan_upgrade()).statements


async def install_queue(connection: asyncpg.Connection) -> None:
    """Make PgQueuer's tables, or bring those of an earlier version up to date."""
    calls = queries(connection)
    if await calls.schema_is_installed():
        await calls.apply_upgrade()
        return
    async with connection.transaction():
        await calls.install()
