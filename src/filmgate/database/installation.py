"""The `installation` table: one row, by which a database is told from every other."""

import asyncpg
import structlog

log = structlog.get_logger()


async def identity(connection: asyncpg.Connection) -> str:
    """What no other database has, nor a copy of this one: neither a dump that was loaded, nor one made by template.

    The same after a restart, and on a standby that has taken over.
    """
    row = await connection.fetchrow(
        """
        select id, (select oid from pg_database where datname = current_database()) as oid
        from installation
        """
    )
    return f"{row['id']}.{await _cluster(connection)}.{row['oid']}"


async def _cluster(connection: asyncpg.Connection) -> int:
    try:
        number: int = await connection.fetchval("select system_identifier from pg_control_system()")
    except asyncpg.InsufficientPrivilegeError:
        log.info("a copy of this database would pass for it: pg_control_system() is not allowed")
        return 0
    return number
