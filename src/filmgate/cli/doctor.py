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
from filmgate.core.errors import EngineUnavailable, FilmgateError, StorageUnavailable
from filmgate.core.ports import Engine
from filmgate.database.folders import EmbeddedDatabaseError
from filmgate.settings import Settings, SettingsError, unknown_variables
from filmgate.usecases.ownership import ForeignStore, find_mark
from filmgate.usecases.policies import Policies
from filmgate.wiring import System, object_store, open_policies, open_system

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
        _metrics(settings),
    ]
    findings.append(await _storage(settings))
    findings += [finding async for finding in _system(settings)]
    findings.append(await asyncio.to_thread(_server))
    return findings


def _metrics(settings: Settings) -> Finding:
    if settings.metrics_address is None:
        return Finding("metrics", None, "exposed nowhere; metrics_address says where")
    return Finding(
        "metrics", None, f"http://{settings.metrics_address}/metrics, while a server runs"
    )


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


async def _storage(settings: Settings) -> Finding:
    if settings.storage_url is None and not (settings.data / "objects").exists():
        return Finding(
            "storage", None, "in the data folder, not made yet: `filmgate serve` makes it"
        )
    try:
        store = object_store(settings)
        await store.check()
    except (SettingsError, FilmgateError) as error:
        return Finding("storage", False, str(error))
    return Finding("storage", True, f"{store.name}: objects can be written")


async def _system(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url is None and not (settings.data / "postgres" / "data").exists():
        yield Finding("database", None, "embedded, not made yet: `filmgate serve` makes it")
        return
    try:
        async with open_system(settings) as system:
            async with system.base.database.connection() as connection:
                yield await _database(connection)
            yield await _owner(system)
            for name, engine in system.engines.items():
                yield await _engine(name, engine)
            async with open_policies(settings, scratch=settings.data) as policies:
                yield Finding("policies", True, await _policies(policies))
    except (FilmgateError, EmbeddedDatabaseError, OSError, asyncpg.PostgresError) as error:
        yield Finding("system", False, str(error))


async def _owner(system: System) -> Finding:
    """A store that is away has been found to be so already."""
    try:
        mark = await find_mark(system.base.database, system.store)
    except ForeignStore as error:
        return Finding("owner", False, str(error))
    except StorageUnavailable as error:
        return Finding("owner", None, error.message)
    if mark is None:
        return Finding(
            "owner", None, "the store is nobody's yet; the next `filmgate serve` takes it"
        )
    return Finding("owner", True, "the store belongs to this database")


async def _engine(name: str, engine: Engine) -> Finding:
    """An upstream that is away keeps nobody from looking at the rest."""
    try:
        await engine.check()
    except EngineUnavailable as error:
        return Finding("engine", False, f"{name}: {error}")
    return Finding("engine", True, name)


async def _policies(policies: Policies) -> str:
    """What is in force. Raises ModerationUnavailable where the face detector cannot start."""
    in_force = []
    if policies.prompts is not None:
        in_force.append(f"prompt list (patterns: {len(policies.prompts.patterns)})")
    if policies.endpoint is not None:
        failing = "let pass" if policies.lets_unjudged_pass else "refused"
        in_force.append(
            f"moderation endpoint (not asked now; prompts without verdict are {failing})"
        )
    if policies.faces is not None:
        await policies.faces.check()
        in_force.append("faces refused")
    return ", ".join(in_force) or "none: every prompt and picture is taken"


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
