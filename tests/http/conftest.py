"""The application in process, on a real database, a real store and a real signer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from filmgate.core.catalogue import Catalogue
from filmgate.database.connection import Database
from filmgate.http.app import build_app
from filmgate.http.following.watching import Watch
from filmgate.http.services import Services
from filmgate.http.sightings import Sightings
from filmgate.media.bench import MediaBench
from filmgate.storage.links import LinkSigner
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import accounts
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.line import Lines
from tests.http.polls import CountedDatabase
from tests.http.stage import IdleEngine, Stage, Traces, Web

BASE_URL = "http://filmgate.test:8000"


@pytest.fixture
async def counted(dsn: str) -> AsyncIterator[CountedDatabase]:
    database = await CountedDatabase.open(dsn)
    yield database
    await database.aclose()


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(store_folder: Path) -> LocalObjectStore:
    return LocalObjectStore(store_folder)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def signer() -> LinkSigner:
    return LinkSigner({"k1": bytes(range(32))}, current="k1")


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def engine() -> IdleEngine:
    return IdleEngine()


@pytest.fixture
def services(
    database: Database,
    store: LocalObjectStore,
    signer: LinkSigner,
    web: Web,
    engine: IdleEngine,
    bench: MediaBench,
    scratch: Path,
) -> Services:
    sightings = Sightings(database)
    return Services(
        database=database,
        catalogue=Catalogue.default(),
        store=store,
        signer=signer,
        fetch=web.fetch,
        engines={"scenes": engine},
        bench=bench,
        scratch=scratch,
        watch=Watch(database, sightings),
        sightings=sightings,
        lines=Lines(database, good_for=timedelta(0)),  # places are told as they are
        acceptance=Acceptance(database),
        max_body_bytes=2_000_000,
    )


@pytest.fixture
async def key(database: Database) -> str:
    secret, _ = await accounts.create_key(database, account="ours", name="test")
    return secret


@pytest.fixture
async def anonymous(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key."""
    async with _client(services) as client:
        yield client


@pytest.fixture
async def client(services: Services, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(services, key) as client:
        yield client


@pytest.fixture
async def stranger(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of another account."""
    secret, _ = await accounts.create_key(services.database, account="theirs", name="test")
    async with _client(services, secret) as client:
        yield client


@pytest.fixture
def stage(database: Database, store: LocalObjectStore) -> Stage:
    return Stage(database, store)


@pytest.fixture
def traces(database: Database, store_folder: Path) -> Traces:
    return Traces(database, store_folder)


def _client(services: Services, key: str | None = None) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    transport = httpx2.ASGITransport(build_app(services))
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers)
