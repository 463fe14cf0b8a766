"""What the server-side commands have in common: how their failures are told."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from filmgate.cli.output import ExitCode, Refused, say
from filmgate.core.errors import Conflict, FilmgateError, NotFound
from filmgate.database.folders import EmbeddedDatabaseError
from filmgate.database.migrate import UnknownRevision
from filmgate.settings import SettingsError

_USAGE = (SettingsError, Refused, UnknownRevision, NotFound, Conflict)
_FAILURES = (FilmgateError, EmbeddedDatabaseError, asyncpg.PostgresError, OSError)


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
