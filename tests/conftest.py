"""What every test stands on: a real PostgreSQL, embedded, and a fresh database on it for each test."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from filmgate.core.account import AccountId, Caller, digest, hint, new_key
from filmgate.database import accounts
from filmgate.database.connection import Database
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate
from filmgate.media.bench import MediaBench
from tests.s3 import S3Server

_numbers = count(1)

# How long an example takes says more about the machine's other guests than about the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that others may pass through: where root runs the tests, PostgreSQL is not root."""
    folder = Path(tempfile.mkdtemp(prefix="filmgate-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(open_folder / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated, empty database."""

    async def prepare() -> None:
        connection = await asyncpg.connect(postgres.dsn)
        await connection.execute("create database template_filmgate")
        await connection.close()
        await migrate(postgres.dsn_of("template_filmgate"))

    asyncio.run(prepare())
    return "template_filmgate"


@pytest.fixture
async def empty_dsn(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database in which nothing was installed."""
    async for dsn in _fresh_database(postgres, "template1"):
        yield dsn


@pytest.fixture
async def dsn(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """A migrated database of the test's own."""
    async for fresh in _fresh_database(postgres, template):
        yield fresh


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    database = await Database.open(dsn)
    yield database
    await database.aclose()


@pytest.fixture
async def account_id(database: Database) -> AccountId:
    async with database.connection() as connection:
        return await accounts.ensure_account(connection, "ours")


@pytest.fixture
async def other_account_id(database: Database) -> AccountId:
    async with database.connection() as connection:
        return await accounts.ensure_account(connection, "theirs")


@pytest.fixture
async def caller(database: Database, account_id: AccountId) -> Caller:
    """Who asks for the account's videos."""
    return await _caller(database, account_id)


@pytest.fixture
async def other_caller(database: Database, other_account_id: AccountId) -> Caller:
    return await _caller(database, other_account_id)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A real S3 server. Whoever stops it starts it again."""
    folder = Path(tempfile.mkdtemp(prefix="filmgate-s3-"))
    server = S3Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
async def bench() -> AsyncIterator[MediaBench]:
    bench = MediaBench()
    yield bench
    await bench.aclose()


async def _caller(database: Database, account_id: AccountId) -> Caller:
    key = new_key()
    async with database.connection() as connection:
        kept = await accounts.insert_key(
            connection, account_id, name="test", digest=digest(key), hint=hint(key)
        )
    return Caller(account_id, kept.id)


async def _fresh_database(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(postgres.dsn)
    try:
        await connection.execute(f"create database {name} template {template}")
        yield postgres.dsn_of(name)
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()
