"""Creating videos without HTTP: one by itself, or many at once as a server does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from filmgate.core.account import Caller
from filmgate.core.candidate import Candidate
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Dialect, Video, VideoId
from filmgate.database.connection import Database
from filmgate.usecases.acceptance import Acceptance, accept_one


async def create(
    database: Database,
    spec: VideoSpec,
    *,
    video_id: VideoId,
    caller: Caller,
    dialect: Dialect,
    price_per_second: int | None = None,
) -> Video:
    """The video, committed in a transaction of its own. Raises what `accept_one` does."""
    candidate = Candidate(
        video_id=video_id,
        spec=spec,
        caller=caller,
        dialect=dialect,
        price_per_second=price_per_second,
    )
    return await accept_one(database, candidate)


@asynccontextmanager
async def running(acceptance: Acceptance) -> AsyncIterator[Acceptance]:
    """While the block lasts, what is accepted at the same time is committed together."""
    async with asyncio.TaskGroup() as life:
        writing = life.create_task(acceptance.run())
        await asyncio.sleep(0)  # it begins
        try:
            yield acceptance
        finally:
            writing.cancel()


async def ends(
    acceptance: Acceptance, candidates: Iterable[Candidate]
) -> list[Video | BaseException]:
    """What becomes of them, all asked at once."""
    asked = (acceptance.accept(each) for each in candidates)
    return await asyncio.gather(*asked, return_exceptions=True)


async def ids(database: Database) -> set[VideoId]:
    async with database.connection() as connection:
        return {row["id"] for row in await connection.fetch("select id from video")}


async def count(database: Database, what: str) -> int:
    async with database.connection() as connection:
        found: int = await connection.fetchval(f"select {what}")
    return found
