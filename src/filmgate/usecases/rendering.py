"""Rendering: how a worker takes a video, makes it, and writes down what came of it.

Each write holds only if the attempt still owns the video (`videos.update` fences it); a False tells the
worker that somebody cancelled, deleted or took over.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from filmgate.core.derivations import new_part
from filmgate.core.errors import EngineError, EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt, Engine, ObjectStore
from filmgate.core.spec import ObjectKey, Size
from filmgate.core.video import Asset, Failure, Status, Variant, Video, VideoId
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench
from filmgate.media.errors import MediaUnavailable, UnusableFilm
from filmgate.media.probe import Probe, UnplayableFile, probe
from filmgate.queue import jobs
from filmgate.usecases import events
from filmgate.usecases.inputs import Inputs

UNAVAILABLE_LIMIT = 3
"""After so many attempts that ended in EngineUnavailable, the video has failed."""

MESSAGE_LIMIT = 2_000
"""Characters of what an engine says that are kept."""


async def begin(database: Database, video_id: VideoId) -> Video | None:
    """Claim the video for a new attempt, or return None where there is nothing left to do."""
    async with database.transaction() as connection:
        video = await videos.lock(connection, video_id)
        if video is None or video.status.is_terminal:
            await jobs.remove(connection, video_id)
            return None
        claimed = video.claim(at=await videos.now(connection))
        await videos.update(connection, video, claimed)
    await events.tell(database, claimed)
    return claimed


async def perform(
    video: Video,
    attempt: Attempt,
    *,
    inputs: Inputs,
    engine: Engine,
    bench: MediaBench,
    store: ObjectStore,
    time_limit: timedelta,
) -> Asset:
    """Make the video and put it into our storage. Raises EngineError or StorageUnavailable."""
    try:
        async with asyncio.timeout(time_limit.total_seconds()) as limit:
            path = await _film(video, attempt, inputs=inputs, engine=engine, bench=bench)
    except TimeoutError as error:
        if not limit.expired():
            raise EngineUnavailable("The engine waited for something in vain.") from error
        raise EngineFailed(
            "engine_timeout", f"The render took longer than {time_limit} and was stopped."
        ) from error
    return await _store(video, path, bench=bench, store=store, workdir=attempt.workdir)


async def complete(database: Database, video: Video, asset: Asset, *, keep_for: timedelta) -> bool:
    """The asset is stored: let everybody see it. Return False if the video was lost meanwhile."""
    async with database.transaction() as connection:
        at = await videos.now(connection)
        done = video.complete(asset, at=at, keep_for=keep_for)
        if not await videos.update(connection, video, done):
            return False
        await jobs.remove(connection, video.id)
        await events.record(connection, done)
    await events.tell(database, done)
    return True


async def give_up(
    database: Database, video: Video, error: EngineError, *, retry_delay: timedelta
) -> Status | None:
    """The attempt ended without a file: fail, or wait for another attempt. None if the video was lost.

    `retry_delay` goes before the second attempt; each further one waits twice as long.
    """
    async with database.transaction() as connection:
        verdict = _verdict(video, error, at=await videos.now(connection))
        if not await videos.update(connection, video, verdict):
            return None
        await jobs.remove(connection, video.id)
        if verdict.status is Status.QUEUED:
            delay = retry_delay * 2 ** (verdict.unavailable_count - 1)
            await jobs.enqueue(connection, video.id, engine=video.spec.engine, delay=delay)
        else:
            await events.record(connection, verdict)
    await events.tell(database, verdict)
    return verdict.status


async def hand_back(database: Database, video: Video, *, delay: timedelta = timedelta(0)) -> None:
    """The worker cannot go on, through no fault of the video's: let another one have it."""
    async with database.transaction() as connection:
        if await videos.update(connection, video, video.hand_back()):
            await jobs.remove(connection, video.id)
            await jobs.enqueue(connection, video.id, engine=video.spec.engine, delay=delay)


async def abandon(database: Database, video: Video, *, store: ObjectStore) -> None:
    """Remove what a lost attempt may have stored, unless it was completed after all."""
    async with database.connection() as connection:
        current = await videos.find(connection, video.id)
    folder = attempt_folder(video)
    if current is None or current.asset is None or not current.asset.key.startswith(folder):
        await store.delete_folder(folder)


def attempt_folder(video: Video) -> str:
    """Where an attempt's objects are: no two attempts ever write to the same place."""
    return f"videos/{video.id}/{video.attempt}/"


async def _film(
    video: Video, attempt: Attempt, *, inputs: Inputs, engine: Engine, bench: MediaBench
) -> Path:
    """The whole film: of an extension, the source and what the engine made after it."""
    rendered = await engine.render(new_part(video.spec), attempt)
    if inputs.before is None:
        return rendered.path
    whole = attempt.workdir / "whole.mp4"
    found = await _probed(rendered.path)
    try:
        await bench.stitch(
            inputs.before, rendered.path, whole, size=Size(found.width, found.height)
        )
    except (MediaUnavailable, UnusableFilm) as error:
        raise EngineUnavailable(f"The film could not be joined to its source: {error}") from error
    return whole


async def _store(
    video: Video, path: Path, *, bench: MediaBench, store: ObjectStore, workdir: Path
) -> Asset:
    """The film and its pictures, all of them or an exception."""
    found = await _probed(path)
    try:
        pictures = await bench.pictures(path, into=workdir)
    except (MediaUnavailable, UnusableFilm) as error:
        raise EngineUnavailable(f"No pictures of the film could be taken: {error}") from error
    asset = Asset(
        key=ObjectKey(f"{attempt_folder(video)}{Variant.VIDEO.file_name}"),
        size_bytes=(await asyncio.to_thread(path.stat)).st_size,
        duration=found.duration,
    )
    await store.put_file(asset.key, path)
    await store.put_file(asset.key_of(Variant.THUMBNAIL), pictures.thumbnail)
    await store.put_file(asset.key_of(Variant.SPRITESHEET), pictures.spritesheet)
    return asset


async def _probed(path: Path) -> Probe:
    try:
        return await asyncio.to_thread(probe, path)
    except UnplayableFile as error:
        raise EngineUnavailable(
            f"The engine delivered a file that does not play: {error}"
        ) from error


def _verdict(video: Video, error: EngineError, *, at: datetime) -> Video:
    message = _storable(error.message)
    if isinstance(error, EngineFailed):
        return video.fail(Failure(_storable(error.failure_code), message), at=at)
    if video.unavailable_count + 1 >= UNAVAILABLE_LIMIT:
        told = f"{UNAVAILABLE_LIMIT} attempts were made, the last one ended so: {message}"
        return video.fail(Failure("engine_failed", told), at=at)
    return video.requeue()


def _storable(text: str) -> str:
    """What an engine says may hold what PostgreSQL does not: NUL, or half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:MESSAGE_LIMIT]
