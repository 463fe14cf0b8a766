"""What every command of the server side stands on: a database that answers, with a schema that is up to date."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from filmgate.database.connection import Database, translated
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import is_current, migrate
from filmgate.processes.threads import to_the_end
from filmgate.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Base:
    """`embedded` is None with a database of the user's."""

    database: Database
    embedded: EmbeddedPostgres | None


@asynccontextmanager
async def open_base(settings: Settings) -> AsyncIterator[Base]:
    """Start the embedded database if there is no other, and connect to a schema that is up to date."""
    async with AsyncExitStack() as stack:
        embedded = await _start_embedded(settings, stack)
        dsn = embedded.dsn if embedded else _external(settings)
        with translated():
            await (migrate(dsn) if embedded else _refuse_outdated(dsn))
        database = await Database.open(dsn)
        stack.push_async_callback(database.aclose)
        yield Base(database, embedded)


async def _start_embedded(settings: Settings, stack: AsyncExitStack) -> EmbeddedPostgres | None:
    if settings.database_url is not None:
        return None
    embedded = EmbeddedPostgres(settings.data)
    stack.push_async_callback(asyncio.to_thread, embedded.stop)
    await to_the_end(embedded.start)
    return embedded


def _external(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


async def _refuse_outdated(dsn: str) -> None:
    if not await is_current(dsn):
        raise SettingsError(
            "The database's schema is not that of this filmgate. Bring it up to date with: "
            "filmgate migrate"
        )
