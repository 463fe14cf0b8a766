"""The composition root: Settings in, the parts of a running system out. The only file that knows them all."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network

from filmgate.core.catalogue import Catalogue
from filmgate.core.ports import Engine, ObjectStore
from filmgate.database import accounts
from filmgate.database.connection import Database, translated
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import is_current, migrate
from filmgate.engines.scenes.engine import ScenesEngine
from filmgate.http.following.watching import Watch
from filmgate.http.services import Services
from filmgate.media.bench import MediaBench
from filmgate.media.images import MAX_IMAGE_BYTES
from filmgate.net.addresses import IPNetwork
from filmgate.net.guarded import GuardedClient
from filmgate.processes.threads import to_the_end
from filmgate.settings import Settings, SettingsError
from filmgate.storage.links import LinkSigner
from filmgate.storage.local import LocalObjectStore
from filmgate.webhooks.sending import ATTEMPT_LIMIT, attempt_delivery
from filmgate.worker.deliverer import Deliverer
from filmgate.worker.scratch import own_folder
from filmgate.worker.slot import Workshop

ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(frozen=True, slots=True)
class Base:
    """What every command of the server side stands on. `embedded` is None with a database of the user's."""

    database: Database
    embedded: EmbeddedPostgres | None


@dataclass(frozen=True, slots=True)
class System:
    """What API and worker are made of."""

    base: Base
    store: ObjectStore
    engines: Mapping[str, Engine]
    bench: MediaBench
    catalogue: Catalogue


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


@asynccontextmanager
async def open_system(settings: Settings) -> AsyncIterator[System]:
    """Everything but the network: storage and engines on top of the base."""
    async with open_base(settings) as base, AsyncExitStack() as stack:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = LocalObjectStore(settings.data / "objects")
        engines: dict[str, Engine] = {
            "scenes": ScenesEngine(cache=settings.data / "cache", tiny=settings.speed == "tiny")
        }
        for engine in engines.values():
            stack.push_async_callback(engine.aclose)
        bench = MediaBench()
        stack.push_async_callback(bench.aclose)
        yield System(base, store, engines, bench, _catalogue(settings, engines))


@asynccontextmanager
async def open_services(settings: Settings, system: System) -> AsyncIterator[Services]:
    """What the routes need beside the system: the guarded client, the keys that sign links, room for uploads."""
    client = GuardedClient(allow=ANYWHERE if settings.allow_private_images else ())

    async def fetch(url: str) -> bytes:
        return await client.fetch(url, limit_bytes=MAX_IMAGE_BYTES)

    async with system.base.database.connection() as connection:
        keys = await accounts.signing_keys(connection)
    # Not the worker's: whoever uploads strange films must not keep finished ones waiting.
    bench = MediaBench()
    try:
        with own_folder(settings.data / "scratch") as scratch:
            yield Services(
                database=system.base.database,
                catalogue=system.catalogue,
                store=system.store,
                signer=LinkSigner(keys, current=list(keys)[-1]),
                fetch=fetch,
                engines=system.engines,
                bench=bench,
                scratch=scratch,
                watch=Watch(system.base.database),
                webhook_networks=_webhook_networks(settings),
                public_url=settings.public_url,
                max_body_bytes=settings.max_body_bytes,
            )
    finally:
        await bench.aclose()
        await client.aclose()


@contextmanager
def open_workshop(settings: Settings, system: System) -> Iterator[Workshop]:
    """What the worker's slots need beside the system: a folder for their files, gone with the worker."""
    with own_folder(settings.data / "scratch") as scratch:
        yield Workshop(
            database=system.base.database,
            store=system.store,
            engines=system.engines,
            bench=system.bench,
            keep_for=settings.keep_for,
            time_limit=settings.render_time_limit,
            scratch=scratch,
        )


@asynccontextmanager
async def open_deliverer(settings: Settings, system: System) -> AsyncIterator[Deliverer]:
    """Who sends webhooks, through a guarded client of its own: an endpoint has less time than a picture."""
    client = GuardedClient(allow=_webhook_networks(settings), time_limit=ATTEMPT_LIMIT)
    async with aclosing(client):
        yield Deliverer(system.base.database, partial(attempt_delivery, client))


def _webhook_networks(settings: Settings) -> Sequence[IPNetwork]:
    return ANYWHERE if settings.allow_private_webhooks else ()


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


def _catalogue(settings: Settings, engines: Mapping[str, Engine]) -> Catalogue:
    catalogue = settings.catalogue()
    for model in catalogue.models:
        if model.engine not in engines:
            raise SettingsError(
                f"models.{model.name}: there is no engine {model.engine!r}. "
                f"The engines are: {', '.join(engines)}."
            )
    return catalogue
