"""The schema is made once, whoever asks, and its number is the one that the code believes in."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from filmgate.database import migrations
from filmgate.database.migrate import UnknownRevision, current_revision, migrate


async def test_an_empty_database_gets_our_tables(empty_dsn: str) -> None:
    assert await migrate(empty_dsn) == (None, migrations.HEAD)
    connection = await asyncpg.connect(empty_dsn)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    assert {"account", "api_key", "video", "ledger"} <= {row["tablename"] for row in tables}
    await connection.close()


async def test_a_current_database_is_left_alone(empty_dsn: str) -> None:
    await migrate(empty_dsn)
    assert await migrate(empty_dsn) == (migrations.HEAD, migrations.HEAD)


async def test_four_processes_may_migrate_at_once(empty_dsn: str) -> None:
    results = await asyncio.gather(*(migrate(empty_dsn) for _ in range(4)))
    heads = [migrations.HEAD] * 3
    assert sorted(str(before) for before, _ in results) == [*heads, "None"]


async def test_a_missing_schema_has_no_revision(empty_dsn: str) -> None:
    connection = await asyncpg.connect(empty_dsn)
    assert await current_revision(connection) is None
    await connection.close()


def test_the_head_in_the_code_is_the_newest_step() -> None:
    config = Config()
    assert migrations.__file__ is not None
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


async def test_a_newer_schema_is_refused_with_a_clear_word(empty_dsn: str) -> None:
    await migrate(empty_dsn)
    connection = await asyncpg.connect(empty_dsn)
    await connection.execute("update alembic_version set version_num = '9999'")
    await connection.close()
    with pytest.raises(
        UnknownRevision, match=f"at 9999, and this filmgate knows {migrations.HEAD} at"
    ):
        await migrate(empty_dsn)
