"""The schema is made once, whoever asks, and its number is the one that the code believes in."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from filmgate.database import migrations
from filmgate.database.migrate import UnknownRevision, current_revision, is_current, migrate


async def test_an_empty_database_gets_our_tables_and_the_queues(empty_dsn: str) -> None:
    assert await migrate(empty_dsn) == (None, migrations.HEAD)
    connection = await asyncpg.connect(empty_dsn)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    assert {"account", "api_key", "video", "pgqueuer"} <= {row["tablename"] for row in tables}
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


async def test_tables_of_an_older_pgqueuer_are_brought_up_to_date(empty_dsn: str) -> None:
    await migrate(empty_dsn)
    connection = await asyncpg.connect(empty_dsn)
    await connection.execute("alter table pgqueuer drop column slot")
    assert not await is_current(empty_dsn)
    await migrate(empty_dsn)
    assert await is_current(empty_dsn)
    await connection.close()


async def test_common_variables_do_not_rename_the_queue(empty_dsn: str) -> None:
    """PgQueuer reads names such as CHANNEL and FUNCTION from the environment, unless it is told."""
    variables = {"CHANNEL": "stable", "FUNCTION": "x", "QUEUE_TABLE": "y", "PGQUEUER_PREFIX": "z_"}
    code = (
        "import asyncio, sys; from filmgate.database.migrate import is_current, migrate;"
        "asyncio.run(migrate(sys.argv[1])); print(asyncio.run(is_current(sys.argv[1])))"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, empty_dsn],
        capture_output=True,
        text=True,
        env=variables,
        check=True,
    )
    assert done.stdout == "True\n"
    assert await is_current(empty_dsn)
