"""`filmgate serve`, `worker` and `migrate`: start what was asked for, and say what a person needs to go on."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path

import uvloop

from filmgate.cli.credentials import load, remember
from filmgate.cli.output import Refused, say, show
from filmgate.cli.server_side import server_failures_explained
from filmgate.core.errors import Unauthenticated
from filmgate.database.connection import Database
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate as migrate_database
from filmgate.running import StopSignals, run
from filmgate.settings import Settings, unknown_variables
from filmgate.telemetry import set_up_logging
from filmgate.usecases import accounts
from filmgate.wiring import System, open_system, read_rules

EXAMPLE = 'filmgate make "A cat dancing in the rain, cinematic style" -o cat.mp4'


def serve(flags: Mapping[str, object], *, config: Path | None, with_worker: bool) -> None:
    """Run the API, and the worker unless told otherwise, until Ctrl-C or SIGTERM."""
    with server_failures_explained():
        uvloop.run(_serve(_settings(flags, config), with_worker=with_worker))


def worker(flags: Mapping[str, object], *, config: Path | None) -> None:
    """Run a worker alone: on the same data folder as a server, or on the same DATABASE_URL."""
    with server_failures_explained():
        uvloop.run(_work(_settings(flags, config)))


def migrate(flags: Mapping[str, object], *, config: Path | None) -> None:
    """Bring the database's schema up to date."""
    with server_failures_explained():
        before, after = asyncio.run(_migrate(_settings(flags, config)))
    show(f"The schema is at {after}." if before == after else f"Migrated from {before} to {after}.")


def _settings(flags: Mapping[str, object], config: Path | None) -> Settings:
    settings = Settings.load(flags, config=config)
    set_up_logging(level=settings.log_level, style=settings.log_format)
    for sentence in unknown_variables():
        say(f"Warning: {sentence}")
    return settings


async def _serve(settings: Settings, *, with_worker: bool) -> None:
    # Caught from here on: a Ctrl-C during the start must not leave a database behind.
    with StopSignals().caught() as signals:
        async with open_system(settings) as system:
            await _serve_on(settings, system, signals=signals, with_worker=with_worker)


async def _serve_on(
    settings: Settings, system: System, *, signals: StopSignals, with_worker: bool
) -> None:
    database = system.base.database
    read_rules(settings)  # a list that is none, or a missing detector, ends the start here
    await _refuse_open_door(settings, database)
    with _listen(settings.host, settings.port) as listening:
        url = _address(settings.host, listening.getsockname()[1])
        key = await _introduce(settings, database, url)
        await run(
            settings,
            system,
            signals=signals,
            listening=listening,
            with_worker=with_worker,
            on_ready=lambda: _greet(settings, url, key),
        )


async def _work(settings: Settings) -> None:
    with StopSignals().caught() as signals:
        async with open_system(settings) as system:
            await run(
                settings,
                system,
                signals=signals,
                listening=None,
                with_worker=True,
                on_ready=lambda: show(f"filmgate worker: {settings.slots} videos at once."),
            )


async def _migrate(settings: Settings) -> tuple[str | None, str]:
    if settings.database_url is not None:
        return await migrate_database(settings.database_url.get_secret_value())
    embedded = EmbeddedPostgres(settings.data)
    await asyncio.to_thread(embedded.start)
    try:
        return await migrate_database(embedded.dsn)
    finally:
        await asyncio.to_thread(embedded.stop)


async def _refuse_open_door(settings: Settings, database: Database) -> None:
    """A first key that is printed on somebody's terminal is no protection for a whole network."""
    if _is_loopback(settings.host) or settings.api_key is not None:
        return
    if not await accounts.has_live_key(database):
        raise Refused(
            f"{settings.host} can be reached by other machines, and no API key exists yet. "
            "Make one first with: filmgate keys create (or set FILMGATE_API_KEY)"
        )


async def _introduce(settings: Settings, database: Database, url: str) -> str | None:
    """See to it that a key exists and that this user's commands know it. Return it if it is new."""
    if settings.api_key is not None:
        key = settings.api_key.get_secret_value()
        await accounts.ensure_key(database, key)
        _remember(url, key)
        return None
    if not await accounts.has_live_key(database):
        key, _ = await accounts.create_key(
            database, account=accounts.FIRST_ACCOUNT, name="first key"
        )
        _remember(url, key)
        return key
    for known in set(load().api_keys.values()):
        # The same server on another port is still the same server.
        with suppress(Unauthenticated):
            await accounts.authenticate(database, known)
            _remember(url, known)
            break
    return None


def _remember(url: str, key: str) -> None:
    try:
        problem = remember(url, key, make_default=True).problem
    except OSError as error:
        problem = f"The client file could not be written: {error}"
    if problem is not None:
        say(f"Warning: {problem}")


def _greet(settings: Settings, url: str, key: str | None) -> None:
    show(f"filmgate {version('filmgate')}")
    show("")
    show(f"  API      {url}")
    show(f"  Docs     {url}/docs")
    if key is not None:
        show(f"  API key  {key}")
        show("           Shown this once. `filmgate keys create` makes more.")
    show(f"  Data     {settings.data}")
    if not _is_loopback(settings.host) and settings.public_url is None:
        show("")
        show("  Links to videos name the host that a client asked. Behind a proxy, set")
        show("  FILMGATE_PUBLIC_URL to the address that clients use.")
    show("")
    show(f"Next: {EXAMPLE}")


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        family, kind, protocol, _, address = found[0]
        # With the protocol named, event loops turn Nagle's algorithm off: it would cost 40 ms an answer.
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Refused(f"{host} is not an address of this machine: {error}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise Refused(
            f"{host}:{port} cannot be listened on: {error.strerror}. "
            "Choose another with --port, or --port 0 for a free one."
        ) from error
    listening.setblocking(False)
    return listening


def _address(host: str, port: int) -> str:
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 (every address: we name one that surely works)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
