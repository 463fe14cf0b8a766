"""What the tests of polls stand on: videos in every state, and notices that are heard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from filmgate.core.account import Caller
from filmgate.core.spec import ObjectKey, Size, Source, SourceUse, VideoSpec
from filmgate.core.video import Dialect, Failure, Video
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.usecases import videos
from tests import placing
from tests.creating import create
from tests.eventually import eventually
from tests.http.live import watching
from tests.http.stage import Stage

SPEC = VideoSpec(
    model="sora-2",
    engine="scenes",
    prompt='Ein Köter 🐕 sagt "\\wau/"\u2028 </script>',
    size=Size(1280, 720),
    seconds=8,
    seed=7,
)
HOST = (b"host", b"filmgate.test:8000")


@dataclass(frozen=True)
class Studio:
    """Videos of one account, in every state that there is."""

    database: Database
    caller: Caller
    stage: Stage

    async def queued(self, *, price: int | None = None) -> Video:
        return await create(
            self.database,
            SPEC,
            video_id=videos.new_id(),
            caller=self.caller,
            dialect=Dialect.OPENAI,
            price_per_second=price,
        )

    async def kept_out(self) -> Video:
        async with self.database.connection() as connection:
            await connection.execute("update account set running_limit = 1")
        await self.queued()
        video = await self.queued()
        assert video.place is not None
        assert not video.place.is_admitted
        return video

    async def priced(self) -> Video:
        return await self.queued(price=12_345)

    async def in_progress(self) -> Video:
        return await self.stage.begin(f"video_{(await self.queued()).id}", percent=40)

    async def completed(self) -> Video:
        return await self.stage.complete(f"video_{(await self.priced()).id}", duration=7.9)

    async def failed(self) -> Video:
        video = await self.in_progress()
        failure = Failure("content_rejected", "Nicht schön: 💥")
        return await self.stage.fail(f"video_{video.id}", failure)

    async def cancelled(self) -> Video:
        video = await self.queued()
        return await videos.cancel(self.database, video.id, account_id=self.caller.account_id)

    async def remixed(self) -> Video:
        return await self._derived(SPEC)

    async def extended(self) -> Video:
        source = Source(use=SourceUse.EXTENSION, key=ObjectKey("sources/a.mp4"), duration=4.0)
        return await self._derived(replace(SPEC, source=source))

    async def _derived(self, spec: VideoSpec) -> Video:
        source = await self.completed()
        before = await self.queued()
        video = replace(before, id=videos.new_id(), spec=spec, remixed_from=source.id)
        async with self.database.connection() as connection:
            await placing.insert(connection, [video])
        return video


@asynccontextmanager
async def listening(services: Services) -> AsyncIterator[None]:
    """Notices are heard."""
    async with watching(services.watch):
        await eventually(lambda: _listens(services.database))
        yield


async def _listens(database: Database) -> bool:
    async with database.connection() as connection:
        query = "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen %'"
        count: int = await connection.fetchval(query)
        return count > 0
