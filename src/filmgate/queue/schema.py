"""PgQueuer's tables: installed and upgraded by PgQueuer itself."""

import asyncpg
from pgqueuer.queries import Queries


async def queue_is_current(connection: asyncpg.Connection) -> bool:
    """Whether PgQueuer's tables are there. Upgrades are for `install_queue` to find out."""
    return await connection.fetchval("select to_regclass('pgqueuer')") is not None


async def install_queue(connection: asyncpg.Connection) -> None:
    """Make PgQueuer's tables, or bring those of an earlier version up to date."""
    queries = Queries.from_asyncpg_connection(connection)
    if await queries.schema_is_installed():
        await queries.apply_upgrade()
        return
    async with connection.transaction():
        await queries.install()
