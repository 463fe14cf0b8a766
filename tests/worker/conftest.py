"""A worker's stage: its parts, an engine that behaves as told, and an account that asks for videos."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from filmgate.core.account import AccountId, Caller
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import videos
from filmgate.worker.runner import Runner
from filmgate.worker.wakeups import Wakeups
from filmgate.worker.workshop import Workshop
from tests.creating import create
from tests.eventually import eventually
from tests.scripted_engine import ScriptedEngine, write_sample

SPEC = VideoSpec(model="m", engine="scripted", prompt="A cat", size=Size(64, 64), seconds=1)


@dataclass
class Scene:
    """A database, a store, a worker's parts, and one account that asks for videos."""

    database: Database
    caller: Caller
    workshop: Workshop
    engine: ScriptedEngine
    objects: Path

    async def create(
        self,
        spec: VideoSpec = SPEC,
        *,
        prompt: str | None = None,
        price_per_second: int | None = None,
    ) -> Video:
        return await create(
            self.database,
            spec if prompt is None else replace(spec, prompt=prompt),
            video_id=videos.new_id(),
            caller=self.caller,
            dialect=Dialect.OPENAI,
            price_per_second=price_per_second,
        )

    async def retrieve(self, video: Video) -> Video:
        return await videos.retrieve(self.database, video.id, account_id=self.account_id)

    @property
    def account_id(self) -> AccountId:
        return self.caller.account_id

    async def ended(self, video: Video, *, within: float = 10) -> Video:
        async def look() -> Video | None:
            found = await self.retrieve(video)
            return found if found.status.is_terminal else None

        return await eventually(look, within=within)

    async def silence(self, video: Video) -> None:
        """Its worker has given no sign of life for longer than any may."""
        async with self.database.connection() as connection:
            await connection.execute(
                "update video set heartbeat_at = now() - interval '61 seconds' where id = $1",
                video.id,
            )

    async def waiting(self) -> int:
        """How many videos a worker could still take."""
        async with self.database.connection() as connection:
            count: int = await connection.fetchval(
                "select count(*) from video where status in ('queued', 'in_progress')"
            )
        return count

    def files(self) -> list[Path]:
        return [path for path in self.objects.rglob("*") if path.is_file()]

    @asynccontextmanager
    async def worker(
        self, *, slots: int = 1, grace: timedelta = timedelta(0)
    ) -> AsyncIterator[None]:
        stop, hurry, wakeups = asyncio.Event(), asyncio.Event(), Wakeups()
        runner = Runner(self.workshop, slots=slots, grace=grace, settling=timedelta(0))
        async with asyncio.TaskGroup() as life:
            listening = life.create_task(wakeups.listen(self.database.dsn))
            life.create_task(runner.run(stop, wakeups, hurry=hurry))
            try:
                yield
            finally:
                stop.set()
                listening.cancel()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    write_sample(path)
    return path


@pytest.fixture
def scene(
    database: Database, caller: Caller, bench: MediaBench, tmp_path: Path, sample: Path
) -> Scene:
    engine = ScriptedEngine(sample)
    (tmp_path / "scratch").mkdir()
    workshop = Workshop(
        database=database,
        store=LocalObjectStore(tmp_path / "objects"),
        engines={"scripted": engine},
        bench=bench,
        keep_for=timedelta(days=1),
        time_limit=timedelta(seconds=30),
        scratch=tmp_path / "scratch",
        retry_delay=timedelta(0),
        scarcity_pause=timedelta(seconds=0.2),
    )
    return Scene(database, caller, workshop, engine, tmp_path / "objects")
