"""Rendering: how a worker takes a video, makes it, and writes down what came of it.

Each write holds only if the attempt still owns the video (`videos.update` fences it); a False tells the
worker that somebody cancelled, deleted or took over.
"""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from filmgate.core.derivations import new_part
from filmgate.core.errors import EngineCrashed, EngineError, EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt, Engine, ObjectStore, RenderedFile
from filmgate.core.retrying import pause_after
from filmgate.core.spec import ObjectKey, Size
from filmgate.core.video import Asset, Status, Variant, Video
from filmgate.database import fairness, holding, line, videos
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench
from filmgate.media.errors import MediaUnavailable, UnusableFilm
from filmgate.media.probe import Probe, UnplayableFile, probe
from filmgate.usecases import counting, events
from filmgate.usecases.counting import Outcome
from filmgate.usecases.endings import end
from filmgate.usecases.inputs import Inputs
from filmgate.usecases.time_limit import TimeLimit

HANDED_BACK_AT_ONCE = 500


async def begin_next(
    database: Database, engines: Sequence[str], *, worker_id: UUID
) -> Video | None:
    """Claim the video that goes next, of the first engine for which one waits, for a new attempt."""
    for engine in engines:
        for video in await begin_some(database, engine, worker_id=worker_id, most=1):
            return video
    return None


async def begin_some(database: Database, engine: str, *, worker_id: UUID, most: int) -> list[Video]:
    """Claim the videos that go next, at most so many, each for a new attempt."""
    async with database.transaction() as connection:
        waiting = await line.lock_next(connection, engine, most=most)
        if not waiting:
            return []
        at = await videos.now(connection)
        claimed = [video.claim(at=at) for video in waiting]
        pairs = list(zip(waiting, claimed, strict=True))
        await holding.change(connection, pairs, worker_id=worker_id)
        await fairness.advance(connection, waiting[-1].id)
    await events.tell(database, *claimed)
    return claimed


async def take_over_lost(
    database: Database,
    engines: Sequence[str],
    *,
    worker_id: UUID,
    silent_for: timedelta,
    most: int = 1,
) -> list[Video]:
    """Claim videos whose workers have been silent for so long. One fails when too many were."""
    while True:
        async with database.transaction() as connection:
            lost = await line.lock_lost(connection, engines, silent_for=silent_for, most=most)
            at = await videos.now(connection)
            pairs = [(video, video.take_over(at=at)) for video in lost]
            ended = [pair for pair in pairs if pair[1].status.is_terminal][:1]
            if ended:  # by itself: no transaction ends videos of two accounts
                await end(connection, *ended[0])
            elif pairs:
                await holding.change(connection, pairs, worker_id=worker_id)
        taken = [after for _, after in ended or pairs]
        await events.tell(database, *taken)
        if not ended:
            return taken


async def perform(
    video: Video,
    attempt: Attempt,
    *,
    inputs: Inputs,
    engine: Engine,
    bench: MediaBench,
    store: ObjectStore,
    time_limit: TimeLimit,
) -> Asset:
    """Make the video and put it into our storage. Raises EngineError or StorageUnavailable."""
    try:
        async with time_limit.applied():
            film = await _film(video, attempt, inputs=inputs, engine=engine, bench=bench)
    except TimeoutError as error:
        if not time_limit.is_over:
            raise EngineUnavailable("The engine waited for something in vain.") from error
        raise EngineFailed(
            "engine_timeout", f"The render took longer than {time_limit.at_most} and was stopped."
        ) from error
    return await _store(video, film, bench=bench, store=store)


async def complete(
    database: Database, video: Video, asset: Asset, *, keep_for: timedelta, took: timedelta
) -> bool:
    """The asset is stored: let everybody see it. Return False if the video was lost meanwhile."""
    async with database.transaction() as connection:
        done = video.complete(asset, at=await videos.now(connection), keep_for=keep_for)
        if not await end(connection, video, done):
            counting.note_attempt(video, Outcome.LOST)
            return False
        await fairness.note_duration(connection, video.spec.engine, seconds=took.total_seconds())
    counting.note_completed(video, took=took)
    await events.tell(database, done)
    return True


async def give_up(
    database: Database, video: Video, error: EngineError, *, retry_delay: timedelta
) -> Status | None:
    """The attempt ended without a file: fail, or wait for another attempt. None if the video was lost.

    `retry_delay` goes before the second attempt; each further one waits twice as long.
    """
    async with database.transaction() as connection:
        verdict = video.give_up(error, at=await videos.now(connection))
        if verdict.status.is_terminal:
            is_ours = await end(connection, video, verdict)
        else:
            count = verdict.unavailable_count + verdict.crash_count
            pause = pause_after(count, first=retry_delay, luck=random.random())
            is_ours = await _wait_again(connection, video, verdict, delay=pause)
    if not is_ours:
        counting.note_attempt(video, Outcome.LOST)
        return None
    counting.note_given_up(video, error)
    await events.tell(database, verdict)
    return verdict.status


async def hand_back(database: Database, video: Video, *, delay: timedelta = timedelta(0)) -> None:
    """The worker cannot go on, through no fault of the video's: let another one have it."""
    async with database.transaction() as connection:
        waiting = video.hand_back()
        is_ours = await _wait_again(connection, video, waiting, delay=delay)
    counting.note_attempt(video, Outcome.HANDED_BACK if is_ours else Outcome.LOST)
    if is_ours:
        await events.tell(database, waiting)


async def hand_back_some(database: Database, held: Sequence[Video]) -> int:
    """As `hand_back`, of many at once. Return how many were still the worker's."""
    count = 0
    for start in range(0, len(held), HANDED_BACK_AT_ONCE):
        pairs = [(video, video.hand_back()) for video in held[start : start + HANDED_BACK_AT_ONCE]]
        async with database.connection() as connection:
            ours = await holding.change(connection, pairs)
        for video, _ in pairs:
            counting.note_attempt(video, Outcome.HANDED_BACK if video.id in ours else Outcome.LOST)
        await events.tell(database, *(after for _, after in pairs if after.id in ours))
        count += len(ours)
    return count


async def hand_back_all(database: Database, engines: Sequence[str], *, worker_id: UUID) -> int:
    """Whatever the worker still holds: it works on none any more. Return how many there were."""
    count = 0
    while True:
        async with database.connection() as connection:
            held = await line.list_held(connection, worker_id, engines, most=HANDED_BACK_AT_ONCE)
        given = await hand_back_some(database, held)
        count += given
        if not given:
            return count


async def abandon(database: Database, video: Video, *, store: ObjectStore) -> None:
    """Remove what a lost attempt may have stored, unless it was completed after all."""
    async with database.connection() as connection:
        current = await videos.find(connection, video.id)
    folder = attempt_folder(video)
    if current is None or current.asset is None or not current.asset.key.startswith(folder):
        await store.delete_folder(folder)


async def remove_earlier(video: Video, *, store: ObjectStore) -> None:
    """Remove what attempts before this one may have stored before their workers died."""
    if video.attempt == 1:
        return
    # There may be a thousand, of an upstream that was busy for long, and hardly any has stored something.
    earlier = {attempt_folder(replace(video, attempt=each)) for each in range(1, video.attempt)}
    found = {_folder_of(each.key) async for each in store.list_objects(f"videos/{video.id}/")}
    for folder in sorted(earlier & found):
        await store.delete_folder(folder)


def attempt_folder(video: Video) -> str:
    """Where an attempt's objects are: no two attempts ever write to the same place."""
    return f"videos/{video.id}/{video.attempt}/"


def _folder_of(key: str) -> str:
    return "".join(f"{part}/" for part in key.split("/")[:3])


async def _film(
    video: Video, attempt: Attempt, *, inputs: Inputs, engine: Engine, bench: MediaBench
) -> RenderedFile:
    """The whole film: of an extension, the source and what the engine made after it."""
    rendered = await engine.render(new_part(video.spec), attempt)
    if inputs.before is None:
        return rendered
    whole = attempt.workdir / "whole.mp4"
    found = await _probed(rendered.path)
    try:
        await bench.stitch(
            inputs.before, rendered.path, whole, size=Size(found.width, found.height)
        )
    except (MediaUnavailable, UnusableFilm) as error:
        raise EngineUnavailable(f"The film could not be joined to its source: {error}") from error
    return RenderedFile(whole)


async def _store(
    video: Video, film: RenderedFile, *, bench: MediaBench, store: ObjectStore
) -> Asset:
    """The film and its pictures, all of them or an exception."""
    found = await _probed(film.path)
    asset = Asset(
        key=ObjectKey(f"{attempt_folder(video)}{Variant.VIDEO.file_name}"),
        size_bytes=(await asyncio.to_thread(film.path.stat)).st_size,
        duration=found.duration,
    )
    await _all_done(
        store.put_file(asset.key, film.path),
        _store_pictures(asset, film, bench=bench, store=store),
    )
    return asset


async def _store_pictures(
    asset: Asset, film: RenderedFile, *, bench: MediaBench, store: ObjectStore
) -> None:
    try:
        pictures = film.pictures or await bench.pictures(film.path, into=film.path.parent)
    except (MediaUnavailable, UnusableFilm) as error:
        raise EngineUnavailable(f"No pictures of the film could be taken: {error}") from error
    await _all_done(
        store.put_file(asset.key_of(Variant.THUMBNAIL), pictures.thumbnail),
        store.put_file(asset.key_of(Variant.SPRITESHEET), pictures.spritesheet),
    )


async def _all_done(*work: Awaitable[None]) -> None:
    """Side by side, each to its end: whoever tidies up after a failure is not overtaken by what still goes on."""
    for failure in await asyncio.gather(*work, return_exceptions=True):
        if failure is not None:
            raise failure


async def _probed(path: Path) -> Probe:
    try:
        return await asyncio.to_thread(probe, path)
    except UnplayableFile as error:
        raise EngineCrashed(f"The engine delivered a file that does not play: {error}") from error


async def _wait_again(
    connection: asyncpg.Connection, before: Video, after: Video, *, delay: timedelta
) -> bool:
    if not await videos.update(connection, before, after):
        return False
    if delay:
        await line.postpone(connection, before.id, delay=delay)
    return True
