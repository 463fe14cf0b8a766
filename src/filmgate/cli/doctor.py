"""`filmgate doctor`: look at everything that a server needs, and say what would help."""

import asyncio
import os
import platform
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import asyncpg
import av.codec

from filmgate.cli import credentials
from filmgate.cli.output import show, show_document
from filmgate.cli.server_side import server_failures_explained
from filmgate.client import Client, ClientError
from filmgate.core.errors import FilmgateError
from filmgate.database.folders import EmbeddedDatabaseError
from filmgate.settings import Settings, unknown_variables
from filmgate.wiring import open_system

OLDEST_POSTGRESQL = 150_000
LEAST_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """`is_well` is None where there was nothing to judge."""

    subject: str
    is_well: bool | None
    words: str


def run(flags: Mapping[str, object], *, config: Path | None, as_json: bool) -> None:
    """Exit with 1 when something would keep a server from working."""
    with server_failures_explained():
        settings = Settings.load(flags, config=config)
        findings = asyncio.run(_examine(settings))
    if as_json:
        rows = [{"subject": f.subject, "ok": f.is_well, "words": f.words} for f in findings]
        show_document({"findings": rows})
    else:
        for finding in findings:
            show(f"{_MARKS[finding.is_well]}  {finding.subject:<14} {finding.words}")
    if any(finding.is_well is False for finding in findings):
        raise SystemExit(1)


_MARKS = {True: "ok  ", False: "FAIL", None: "--  "}


async def _examine(settings: Settings) -> list[Finding]:
    findings = [
        Finding("filmgate", None, f"{version('filmgate')} on Python {platform.python_version()}"),
        *(Finding("environment", False, sentence) for sentence in unknown_variables()),
        _encoders(),
        _disk(settings.data),
    ]
    findings += [finding async for finding in _system(settings)]
    findings.append(await asyncio.to_thread(_server))
    return findings


def _encoders() -> Finding:
    missing = [name for name in ("libx264", "aac") if name not in av.codec.codecs_available]
    if missing:
        return Finding("encoders", False, f"PyAV was built without {', '.join(missing)}")
    return Finding("encoders", True, f"H.264 and AAC by PyAV {av.__version__}")


def _disk(data: Path) -> Finding:
    place = next(folder for folder in (data, *data.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("data folder", False, f"{place} cannot be written; choose another: --data")
    words = f"{data}: {free / (1 << 30):.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        words += "; make room, or move it with --data"
    return Finding("data folder", free >= LEAST_FREE_BYTES, words)


async def _system(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url is None and not (settings.data / "postgres" / "data").exists():
        yield Finding("database", None, "embedded, not made yet: `filmgate serve` makes it")
        return
    try:
        async with open_system(settings) as system:
            async with system.base.database.connection() as connection:
                yield await _database(connection)
            await system.store.check()
            yield Finding("storage", True, "objects can be written")
            for name, engine in system.engines.items():
                await engine.check()
                yield Finding("engine", True, name)
    except (FilmgateError, EmbeddedDatabaseError, OSError, asyncpg.PostgresError) as error:
        yield Finding("system", False, str(error))


async def _database(connection: asyncpg.Connection) -> Finding:
    number = int(await connection.fetchval("show server_version_num"))
    name = await connection.fetchval("show server_version")
    waiting = await connection.fetchval(
        "select count(*) from video where status in ('queued', 'in_progress')"
    )
    if number < OLDEST_POSTGRESQL:
        return Finding("database", False, f"PostgreSQL {name}: filmgate needs 15 or newer")
    return Finding("database", True, f"PostgreSQL {name}, {waiting} videos waiting or running")


def _server() -> Finding:
    known = credentials.load()
    if known.problem is not None:
        return Finding("client file", False, known.problem)
    url = known.default_url
    try:
        with Client(url, api_key=known.api_key_for(url)) as client:
            models = client.models()
    except ClientError as error:
        return Finding("server", None, f"{error}")
    return Finding("server", True, f"{url} answers, {len(models)} models")
