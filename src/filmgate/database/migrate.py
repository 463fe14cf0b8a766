"""Bring the schema up to date, by alembic.

Safe to run from many processes at once: one works, the others wait and find nothing to do.
"""

from pathlib import Path

import asyncpg

from filmgate.database.migrations import HEAD

MIGRATION_LOCK = 0x66696C6D  # "film": an advisory lock's number, the same in every process


async def current_revision(connection: asyncpg.Connection) -> str | None:
    """The revision that the database is at, or None where nothing was ever installed."""
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("select version_num from alembic_version")
    return revision


async def is_current(dsn: str) -> bool:
    """Whether the code can work with the database as it is."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await current_revision(connection) == HEAD
    finally:
        await connection.close()


class UnknownRevision(Exception):
    """The database was made by a newer filmgate than this one."""


async def migrate(dsn: str) -> tuple[str | None, str]:
    """Apply what is missing. Return the revisions before and after. Raises UnknownRevision."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        before = await current_revision(connection)
        if before is not None and before > HEAD:
            raise UnknownRevision(
                f"The database's schema is at {before}, and this filmgate knows {HEAD} at most: "
                "it was made by a newer one. Upgrade filmgate."
            )
        if before != HEAD:
            await _upgrade(dsn)
        return before, HEAD
    finally:
        await connection.close()


async def _upgrade(dsn: str) -> None:
    # Loaded only when there is something to do: alembic and SQLAlchemy cost a start 0.4 s.
    import alembic.command  # noqa: PLC0415
    import alembic.config  # noqa: PLC0415
    import sqlalchemy.ext.asyncio as sqlalchemy_async  # noqa: PLC0415
    from sqlalchemy import Connection  # noqa: PLC0415

    engine = sqlalchemy_async.create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn)
    )
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "head")

    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()
