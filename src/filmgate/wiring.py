"""The composition root: Settings in, the parts of a running system out. The only file that knows them all."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from filmgate.base import Base, open_base
from filmgate.core.catalogue import Catalogue
from filmgate.core.ports import Engine, ObjectStore, Seats
from filmgate.core.submission import Terms
from filmgate.database import accounts
from filmgate.engines.scenes.engine import ScenesEngine
from filmgate.engines.videos_api.engine import Contract, VideosApiEngine
from filmgate.engines.videos_api.upstream import Limits
from filmgate.http.bodies.room import Room
from filmgate.http.following.watching import Watch
from filmgate.http.limits import RequestRate
from filmgate.http.services import Services
from filmgate.http.sightings import Sightings
from filmgate.media.bench import MediaBench
from filmgate.media.images import MAX_IMAGE_BYTES
from filmgate.moderation.endpoint import ModerationEndpoint
from filmgate.moderation.face_model import FaceModelMissing, face_model
from filmgate.moderation.faces import FaceDetector
from filmgate.moderation.prompt_list import PromptList, UnusablePromptList
from filmgate.net.addresses import IPNetwork
from filmgate.net.guarded import GuardedClient
from filmgate.settings import Settings, SettingsError
from filmgate.settings_tables import EngineSettings
from filmgate.storage.links import LinkSigner
from filmgate.storage.local import LocalObjectStore
from filmgate.storage.opening import open_store
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.line import Lines
from filmgate.usecases.policies import Policies
from filmgate.webhooks.sending import ATTEMPT_LIMIT, attempt_delivery
from filmgate.worker.deliverer import Deliverer
from filmgate.worker.scratch import own_folder
from filmgate.worker.workshop import Workshop

ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(frozen=True, slots=True)
class System:
    """What API and worker are made of."""

    base: Base
    store: ObjectStore
    engines: Mapping[str, Engine]
    bench: MediaBench
    catalogue: Catalogue


@asynccontextmanager
async def open_system(settings: Settings) -> AsyncIterator[System]:
    """Everything but the network: storage and engines on top of the base."""
    async with open_base(settings) as base, AsyncExitStack() as stack:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = object_store(settings)
        engines: dict[str, Engine] = {
            "scenes": ScenesEngine(cache=settings.data / "cache", tiny=settings.speed == "tiny"),
            **_upstreams(settings),
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
    sightings = Sightings(system.base.database)
    try:
        with own_folder(settings.data / "scratch") as scratch:
            async with open_policies(settings, scratch=scratch) as policies:
                yield Services(
                    database=system.base.database,
                    catalogue=system.catalogue,
                    store=system.store,
                    signer=LinkSigner(keys, current=list(keys)[-1]),
                    fetch=fetch,
                    engines=system.engines,
                    bench=bench,
                    scratch=scratch,
                    watch=Watch(system.base.database, sightings),
                    sightings=sightings,
                    lines=Lines(system.base.database),
                    acceptance=Acceptance(system.base.database),
                    webhook_networks=_webhook_networks(settings),
                    policies=policies,
                    public_url=settings.public_url,
                    x_accel_prefix=settings.x_accel_prefix,
                    max_body_bytes=settings.max_body_bytes,
                    # A text takes three times its length while it is read.
                    memory=_room(settings, of_account=2, in_all=4),
                    disk=_room(settings, of_account=8, in_all=64),
                    request_rate=RequestRate(settings.requests_per_minute),
                    trusted_proxies=settings.proxies(),
                )
    finally:
        await bench.aclose()
        await client.aclose()


@asynccontextmanager
async def open_policies(settings: Settings, *, scratch: Path) -> AsyncIterator[Policies]:
    """What this server refuses. Raises SettingsError where a setting asks for what is not there."""
    async with AsyncExitStack() as stack:
        rules = read_rules(settings)
        faces = FaceDetector(rules.face_model, scratch=scratch) if rules.face_model else None
        if faces is not None:
            stack.push_async_callback(faces.aclose)
        endpoint = _moderation_endpoint(settings)
        if endpoint is not None:
            stack.push_async_callback(endpoint.aclose)
        yield Policies(
            prompts=rules.prompts,
            endpoint=endpoint,
            lets_unjudged_pass=settings.moderation_on_failure == "allow",
            faces=faces,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What the policies need from this machine's disk."""

    prompts: PromptList | None
    face_model: Path | None


def read_rules(settings: Settings) -> Rules:
    """Raises SettingsError with the one sentence that helps."""
    path = settings.refused_prompts
    try:
        return Rules(
            prompts=PromptList.read(path.expanduser()) if path else None,
            face_model=face_model() if settings.faces == "refuse" else None,
        )
    except UnusablePromptList as error:
        raise SettingsError(f"refused_prompts: {error}") from error
    except FaceModelMissing as error:
        raise SettingsError(f"faces: {error}") from error


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
            log_prompts=settings.log_prompts,
        )


@asynccontextmanager
async def open_deliverer(settings: Settings, system: System) -> AsyncIterator[Deliverer]:
    """Who sends webhooks, through a guarded client of its own: an endpoint has less time than a picture."""
    client = GuardedClient(allow=_webhook_networks(settings), time_limit=ATTEMPT_LIMIT)
    async with aclosing(client):
        yield Deliverer(system.base.database, partial(attempt_delivery, client))


def _moderation_endpoint(settings: Settings) -> ModerationEndpoint | None:
    if settings.moderation_url is None:
        return None
    key = settings.moderation_key
    return ModerationEndpoint(
        settings.moderation_url,
        api_key=key.get_secret_value() if key else None,
        model=settings.moderation_model,
    )


def _room(settings: Settings, *, of_account: int, in_all: int) -> Room:
    """For so many of the largest bodies."""
    largest = settings.max_body_bytes
    return Room(of_account=of_account * largest, in_all=in_all * largest)


def object_store(settings: Settings) -> ObjectStore:
    """Where films are kept. Raises SettingsError where the setting names no place."""
    if settings.storage_url is None:
        return LocalObjectStore(settings.data / "objects")
    try:
        return open_store(settings.storage_url.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"storage_url: {error}.") from None


def _upstreams(settings: Settings) -> dict[str, Engine]:
    keys = settings.upstream_keys()
    secrets = {name: key.get_secret_value() for name, key in keys.items()}
    return {
        name: VideosApiEngine(_contract(name, told), secrets=secrets)
        for name, told in settings.engines.items()
    }


def _contract(name: str, told: EngineSettings) -> Contract:
    terms = Terms(
        upstream=name,
        url=told.url,
        credential=told.api_key_variable,
        charges=told.charges,
        key_window=told.idempotency_window,
        can_list=told.can_list,
    )
    limits = Limits(submit=told.submit_time_limit, download=told.download_time_limit)
    return Contract(
        terms=terms,
        names=told.models,
        limits=limits,
        seats=Seats(told.seats),
        looks_per_second=told.looks_per_second,
    )


def _webhook_networks(settings: Settings) -> Sequence[IPNetwork]:
    return ANYWHERE if settings.allow_private_webhooks else ()


def _catalogue(settings: Settings, engines: Mapping[str, Engine]) -> Catalogue:
    catalogue = settings.catalogue()
    for model in catalogue.models:
        if model.engine not in engines:
            raise SettingsError(
                f"models.{model.name}: there is no engine {model.engine!r}. "
                f"The engines are: {', '.join(engines)}."
            )
    return catalogue
