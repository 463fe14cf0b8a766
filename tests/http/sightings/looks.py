"""Sightings at work, and what happens to videos meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from filmgate.core.account import Caller
from filmgate.core.fairness import Place
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video, VideoId
from filmgate.database.connection import Database
from filmgate.http.sightings import Sightings, Words
from filmgate.usecases import following, videos
from tests import placing
from tests.creating import create
from tests.http.polls import (
    HeldDatabase,
)

SPEC = VideoSpec(
    model="sora-2", engine="scenes", prompt="A cat", size=Size(1280, 720), seconds=8, seed=7
)
REVISION = Words("revision", lambda video: str(video.revision))
SHOUTED = Words("shouted", lambda video: f"{video.revision}!")


@asynccontextmanager
async def looking(sightings: Sightings) -> AsyncIterator[Sightings]:
    """They run beside the block."""
    async with asyncio.TaskGroup() as life:
        running = life.create_task(sightings.run())
        await asyncio.sleep(0)  # it has begun
        try:
            yield sightings
        finally:
            running.cancel()


async def make(database: Database, caller: Caller, count: int = 1) -> list[Video]:
    """Videos in progress."""
    first = await create(
        database, SPEC, video_id=videos.new_id(), caller=caller, dialect=Dialect.OPENAI
    )
    made = [replace(first, id=videos.new_id(), place=Place(n, 1)) for n in range(count)]
    async with database.connection() as connection:
        await placing.insert(connection, made)
        await connection.execute("update video set status = 'in_progress', attempt = 1")
    return made


async def advance(database: Database, video_id: VideoId) -> int:
    """The video changes, and nobody is told. Return the revision that it has now."""
    async with database.connection() as connection:
        revision: int = await connection.fetchval(
            "update video set revision = revision + 1 where id = $1 returning revision", video_id
        )
    return revision


async def find(database: Database, video_id: VideoId) -> Video:
    (video,) = await following.find_all(database, [video_id])
    return video


async def tell(sightings: Sightings, video_id: VideoId, words: Words = REVISION) -> str | None:
    """What a poll is told."""
    sighting = sightings.find(video_id, words.name) or await sightings.look(video_id, words)
    return sighting.body if sighting else None


async def until_row_is_read(held: HeldDatabase) -> None:
    """The second query's answer waits: the first is that of stamps."""
    await held.gate.until_one_waits()
    held.gate.let_through()
    await asyncio.sleep(0)
    await held.gate.until_one_waits()
