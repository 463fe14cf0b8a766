"""What a run starts and ends: the processes of filmgate, and the database and store that they share."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil
from obstore.store import S3Store

from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate
from tests.chaos.plan import Plan, Shape
from tests.chaos.processes import Member
from tests.s3 import BUCKET, S3Server

PRICE_PER_SECOND = 250
CONFIG = f"""\
[models."sora-2-pro"]
price_per_second = {PRICE_PER_SECOND}

[models."openAiSora2Pro"]
price_per_second = {PRICE_PER_SECOND}
"""
TINY = ["--speed", "tiny"]
STORED_UNDER = "chaos"

Objects = Mapping[str, int]
"""What lies in the store: the key of each object and its size in bytes."""


class Site(ABC):
    """The processes, and how to reach what they share. `variables` is what each of them is told."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres) -> None:
        self.folder = folder
        self.apis: list[Member] = []
        self.workers: list[Member] = []
        self._postgres = postgres

    @property
    def dsn(self) -> str:
        return self._postgres.dsn

    @property
    def members(self) -> list[Member]:
        return [*self.apis, *self.workers]

    def urls(self) -> list[str]:
        """Of the APIs that are up, in no order: nobody is sent to the same one twice on purpose."""
        return [url for api in self.apis if (url := api.url)]

    async def start(self, plan: Plan) -> None:
        """The first API makes the database what it has to be; the others come together."""
        self.apis = [self._api(number) for number in range(plan.apis)]
        self.workers = [self._worker(number) for number in range(plan.workers)]
        first, *others = self.members
        await first.start()
        async with asyncio.TaskGroup() as starting:
            for each in others:
                starting.create_task(each.start())

    async def stop(self) -> None:
        async with asyncio.TaskGroup() as stopping:
            for each in self.members:
                stopping.create_task(each.stop())

    def kill_database(self) -> None:
        """The postmaster, as the kernel would when memory runs out. Its children follow."""
        pid_file = self._postgres_folder / "postgres/data/postmaster.pid"
        try:
            number = int(pid_file.read_text().splitlines()[0])
            if psutil.Process(number).name() == "postgres":
                os.kill(number, signal.SIGKILL)
        except (FileNotFoundError, IndexError, ValueError, ProcessLookupError, psutil.Error):
            return  # dead already, and whoever has to will start it

    @abstractmethod
    async def revive_database(self, *, after: float) -> None:
        """See to it that a killed database comes back, `after` so many seconds at the earliest."""

    @abstractmethod
    async def restart_database(self, *, away: float) -> None:
        """Stop it as an operator would, and start it `away` seconds later."""

    @property
    @abstractmethod
    def storage_url(self) -> str:
        """Where films are kept."""

    @abstractmethod
    def objects(self) -> Objects:
        """All that is stored, half-written files included."""

    @property
    @abstractmethod
    def _postgres_folder(self) -> Path: ...

    @property
    @abstractmethod
    def _variables(self) -> dict[str, str]: ...

    def _api(self, number: int) -> Member:
        arguments = ["serve", "--no-worker", "--port", "0", *self._common(f"api-{number}")]
        return Member(f"api-{number}", self.folder, arguments, self._variables)

    def _worker(self, number: int) -> Member:
        arguments = ["worker", *self._common(f"worker-{number}")]
        return Member(f"worker-{number}", self.folder, arguments, self._variables)

    @abstractmethod
    def _common(self, name: str) -> list[str]:
        """The arguments of the member of that name which API and worker share."""


class SingleSite(Site):
    """One data folder; the database in it is filmgate's own to start again."""

    @property
    def _postgres_folder(self) -> Path:
        return self.folder / "data"

    @property
    def _variables(self) -> dict[str, str]:
        return {"FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true"}

    def _common(self, name: str) -> list[str]:
        return [*TINY, "--slots", "2", "--data", str(self.folder / "data")]

    @property
    def storage_url(self) -> str:
        return f"file://{self.folder / 'data/objects'}"

    async def revive_database(self, *, after: float) -> None:
        """Nothing: whoever of filmgate is alive notices within a second."""

    async def restart_database(self, *, away: float) -> None:
        """Killed: there is no operator's way to stop a server that filmgate keeps for itself."""
        self.kill_database()

    def objects(self) -> Objects:
        root = self.folder / "data/objects"
        return {
            path.relative_to(root).as_posix(): path.stat().st_size
            for path in root.rglob("*")
            if path.is_file()
        }


class ClusterSite(Site):
    """Each process has a data folder of its own, as on a machine of its own; they share database and bucket."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, bucket: S3Server) -> None:
        super().__init__(folder, postgres)
        self._bucket = bucket

    @property
    def _postgres_folder(self) -> Path:
        return self.folder / "database"

    @property
    def storage_url(self) -> str:
        return self._bucket.url(STORED_UNDER)

    @property
    def _variables(self) -> dict[str, str]:
        return {
            "FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true",
            "FILMGATE_DATABASE_URL": self.dsn,
            "FILMGATE_STORAGE_URL": self.storage_url,
        }

    def _common(self, name: str) -> list[str]:
        return [*TINY, "--slots", "1", "--data", str(self.folder / "machines" / name)]

    async def revive_database(self, *, after: float) -> None:
        await asyncio.sleep(after)
        await asyncio.to_thread(self._postgres.ensure_running)

    async def restart_database(self, *, away: float) -> None:
        await asyncio.to_thread(self._postgres.stop)
        await asyncio.sleep(away)
        await asyncio.to_thread(self._postgres.start)

    def objects(self) -> Objects:
        store = S3Store(
            BUCKET,
            prefix=STORED_UNDER,
            config={
                "endpoint": self._bucket.endpoint,
                "access_key_id": self._bucket.access_key_id,
                "secret_access_key": self._bucket.secret_access_key,
            },
            client_options={"allow_http": True},
        )
        return {each["path"]: each["size"] for batch in store.list() for each in batch}


@asynccontextmanager
async def open_site(plan: Plan, folder: Path) -> AsyncIterator[Site]:
    """A site that answers. Whatever happens inside, its processes have been ended on leaving."""
    (folder / "filmgate.toml").write_text(CONFIG)
    async with AsyncExitStack() as stack:
        shapes = {Shape.SINGLE: _single, Shape.CLUSTER: _cluster}
        site = await shapes[plan.shape](folder, stack)
        stack.push_async_callback(site.stop)
        await site.start(plan)
        yield site


async def _single(folder: Path, stack: AsyncExitStack) -> Site:
    # Held from here, so that the database outlives the kill of everybody else, and is ended with the run.
    postgres = await _database(folder / "data", stack)
    return SingleSite(folder, postgres)


async def _cluster(folder: Path, stack: AsyncExitStack) -> Site:
    postgres = await _database(folder / "database", stack)
    await migrate(postgres.dsn)
    bucket = S3Server(folder / "bucket")
    stack.callback(bucket.stop)
    await asyncio.to_thread(bucket.start)
    return ClusterSite(folder, postgres, bucket)


async def _database(folder: Path, stack: AsyncExitStack) -> EmbeddedPostgres:
    postgres = EmbeddedPostgres(folder)
    stack.push_async_callback(asyncio.to_thread, postgres.stop)
    await asyncio.to_thread(postgres.start)
    return postgres
