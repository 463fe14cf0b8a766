"""A server's life: what runs side by side, and in which order it ends.

On the first Ctrl-C or SIGTERM: no new requests, no new claims, then a grace time for the videos in hand,
then the database. On the second one the grace time is over, on the third everything is.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Self

import structlog

from filmgate.base import Base
from filmgate.core.errors import DatabaseUnavailable, ServiceUnavailable
from filmgate.database.connection import Database
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.folders import EmbeddedDatabaseError
from filmgate.database.notices import CHANNEL as NOTICES
from filmgate.exposing.listener import GOOD_FOR, exposing, listen
from filmgate.http.app import build_app
from filmgate.http.connections import Doorway
from filmgate.http.serving import serving
from filmgate.metrics import counts
from filmgate.metrics.numbers import Values
from filmgate.settings import Settings, SettingsError
from filmgate.usecases import depths
from filmgate.usecases.ownership import ForeignStore, claim
from filmgate.usecases.shared import Shared
from filmgate.wiring import System, open_deliverer, open_services, open_workshop
from filmgate.worker.counted_jobs import counted
from filmgate.worker.periodic import periodic_jobs, repeat
from filmgate.worker.runner import Runner
from filmgate.worker.wakeups import Wakeups

WATCH = timedelta(seconds=1)
HTTP_GRACE_SECONDS = 5
MARK_SECONDS = 3
EXIT_INTERRUPTED = 130

log = structlog.get_logger()


class StopSignals:
    """Ctrl-C and SIGTERM as events: `stop` after the first, `hurry` after the second."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()

    @contextmanager
    def caught(self) -> Iterator[Self]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._received)
        try:
            yield self
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _received(self) -> None:
        if self.hurry.is_set():
            os._exit(EXIT_INTERRUPTED)  # whoever asks a third time wants out, tidy or not
        (self.hurry if self.stop.is_set() else self.stop).set()


async def run(
    settings: Settings,
    system: System,
    *,
    signals: StopSignals,
    listening: socket.socket | None,
    with_worker: bool,
    on_ready: Callable[[], None],
) -> None:
    """Run the API on the socket, if there is one, and the worker, if wanted, until told to stop."""
    _allow_many_files()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_metrics(settings, system))
        await stack.enter_async_context(_beside(_keep_alive(system.base)))
        await _mark_store(system)
        if with_worker:
            await stack.enter_async_context(_worker(settings, system, signals=signals))
        if listening is not None:
            await stack.enter_async_context(_api(settings, system, listening=listening))
        _collect_less()
        on_ready()
        await signals.stop.wait()
        log.info("stopping")


async def _mark_store(system: System) -> None:
    """An empty store is ours from the first start on. Where it cannot be, the sweep says why, in its time."""
    with suppress(ForeignStore, ServiceUnavailable, TimeoutError):
        async with asyncio.timeout(MARK_SECONDS):
            await claim(system.base.database, system.store)


@asynccontextmanager
async def _metrics(settings: Settings, system: System) -> AsyncIterator[None]:
    """Around everything else: how a server ends is worth seeing too. Raises SettingsError."""
    address = settings.metrics_listener()
    if address is None:
        yield
        return
    measure = partial(depths.measure, system.base.database, list(system.engines))
    try:
        listening = listen(*address)
    except OSError as error:
        reason = error.strerror or error
        raise SettingsError(
            f"metrics_address: {settings.metrics_address} cannot be listened on: {reason}."
        ) from error
    with (
        listening,
        counts.database_connections.known_by(partial(_pool_by_state, system.base.database)),
        counts.database_waiting.known_by(lambda: {(): system.base.database.use.waiting}),
    ):
        async with exposing(listening, Shared(measure, good_for=GOOD_FOR)):
            yield


def _pool_by_state(database: Database) -> Mapping[Values, float]:
    use = database.use
    return {("busy",): use.busy, ("idle",): use.idle}


@asynccontextmanager
async def _api(
    settings: Settings, system: System, *, listening: socket.socket
) -> AsyncIterator[None]:
    doorway = Doorway(most=settings.max_connections, exempt=settings.proxies())
    async with (
        open_services(settings, system) as services,
        _beside(services.watch.run()),
        _beside(services.sightings.run()),
        _beside(services.wrong_keys.known.run(services.database)),
        _beside(services.acceptance.run()),
        serving(
            build_app(services),
            listening=listening,
            doorway=doorway,
            grace_seconds=HTTP_GRACE_SECONDS,
        ),
    ):
        with (
            counts.open_connections.known_by(lambda: {(): doorway.open.total()}),
            counts.waiting_requests.known_by(lambda: {(): services.watch.waiting}),
        ):
            try:
                yield
            finally:
                services.watch.close()


@asynccontextmanager
async def _worker(
    settings: Settings, system: System, *, signals: StopSignals
) -> AsyncIterator[None]:
    database = system.base.database
    wakeups = Wakeups()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_delivering(settings, system))
        workshop = stack.enter_context(open_workshop(settings, system))
        runner = Runner(workshop, slots=settings.slots, grace=settings.grace)
        await stack.enter_async_context(_beside(wakeups.listen(database.dsn)))
        for job in periodic_jobs(
            database,
            system.store,
            engines=system.engines,
            queue_limit=settings.queue_time_limit,
            keep_records=settings.keep_records,
        ):
            await stack.enter_async_context(_beside(repeat(counted(job), database)))
        async with asyncio.TaskGroup() as life:
            life.create_task(runner.run(signals.stop, wakeups, hurry=signals.hurry))
            try:
                yield
            finally:
                signals.stop.set()


@asynccontextmanager
async def _delivering(settings: Settings, system: System) -> AsyncIterator[None]:
    """Around the runner's life: what its last videos have to tell may still go out."""
    wakeups, stop = Wakeups(NOTICES), asyncio.Event()
    async with (
        open_deliverer(settings, system) as deliverer,
        _beside(wakeups.listen(system.base.database.dsn)),
        asyncio.TaskGroup() as life,
    ):
        life.create_task(deliverer.run(stop, wakeups))
        try:
            yield
        finally:
            stop.set()


@asynccontextmanager
async def _beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run something endless next to the block, and end it with the block."""
    async with asyncio.TaskGroup() as life:
        task = life.create_task(work)
        try:
            yield
        finally:
            task.cancel()


async def _keep_alive(base: Base) -> None:
    """Start the embedded database again whenever it has died."""
    while base.embedded is not None:
        await asyncio.sleep(WATCH.total_seconds())
        try:
            await base.database.check()
        except DatabaseUnavailable:
            await _revive(base.embedded)


async def _revive(embedded: EmbeddedPostgres) -> None:
    try:
        if await asyncio.to_thread(embedded.ensure_running):
            log.warning("the embedded database had died and was started again")
    except (EmbeddedDatabaseError, OSError) as error:
        log.warning("the embedded database cannot be started", reason=str(error))


def _collect_less() -> None:
    """What was made until now stays for good, and cycles are rare: looking through all of it again and again took a
    third of each create, and stopped everybody for a tenth of a second at a time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)


def _allow_many_files() -> None:
    """Each connection is a file, and the usual limit of 1,024 is soft."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
