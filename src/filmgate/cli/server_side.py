"""What the server-side commands have in common: how they reach the database, and how their failures are told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg

from filmgate.base import open_base
from filmgate.cli.output import ExitCode, Refused, say
from filmgate.core.errors import Conflict, FilmgateError, NotFound
from filmgate.database.connection import Database
from filmgate.database.folders import EmbeddedDatabaseError
from filmgate.database.migrate import UnknownRevision
from filmgate.settings import Settings, SettingsError

T = TypeVar("T")
Flags = Mapping[str, object]

_USAGE = (SettingsError, Refused, UnknownRevision, NotFound, Conflict)
_FAILURES = (FilmgateError, EmbeddedDatabaseError, asyncpg.PostgresError, OSError)


def with_database(flags: Flags, config: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do the work on the database that the settings name; one that is embedded is started for it."""

    async def go(settings: Settings) -> T:
        async with open_base(settings) as base:
            return await work(base.database)

    with server_failures_explained():
        return asyncio.run(go(Settings.load(flags, config=config)))


@contextmanager
def server_failures_explained() -> Iterator[None]:
    """End the command with one sentence and an exit code, not with a traceback."""
    try:
        yield
    except _USAGE as error:
        say(f"Error: {error}")
        raise SystemExit(ExitCode.USAGE) from None
    except _FAILURES as error:
        say(f"Error: {error}{_cause(error)}")
        raise SystemExit(ExitCode.UNREACHABLE) from None
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPTED) from None


def _cause(error: BaseException) -> str:
    return f" ({error.__cause__})" if error.__cause__ is not None else ""
