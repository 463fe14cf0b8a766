"""A slot at work: one video, from its claim to the last word about it.

Cancelling `work` means one of two things: the video was taken from us, or the worker is leaving.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from filmgate.core.errors import (
    DatabaseUnavailable,
    EngineCrashed,
    EngineError,
    StorageUnavailable,
)
from filmgate.core.ports import Engine, ObjectStore
from filmgate.core.video import Asset, Video
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench
from filmgate.media.errors import MediaStarved
from filmgate.processes.outcomes import SCARCE
from filmgate.usecases import inputs, rendering, stopping
from filmgate.worker.attempt import HeldAttempt

DATABASE_RETRY = timedelta(seconds=1)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every slot of a worker works with. `scratch` holds the attempts' folders.

    A slot rests for `scarcity_pause` where this machine has too little left: it would take one video after the
    other, and hand each back, faster than any worker that can make them.
    """

    database: Database
    store: ObjectStore
    engines: Mapping[str, Engine]
    bench: MediaBench
    keep_for: timedelta
    time_limit: timedelta
    scratch: Path
    retry_delay: timedelta = timedelta(seconds=2)
    scarcity_pause: timedelta = timedelta(seconds=10)
    log_prompts: bool = False


class Slot:
    """Holds one video at most. `attempt` is set while the heartbeat has something to report."""

    def __init__(self, workshop: Workshop, video: Video) -> None:
        self._shop = workshop
        self._video = video
        self._begun_at = asyncio.get_running_loop().time()
        self._leaving = False
        self._stopped = False
        self._settling = False
        self._task: asyncio.Task[None] | None = None
        self.attempt: HeldAttempt | None = None

    async def work(self) -> None:
        """Make the video. What must run again is said by the row, never by an exception."""
        self._task = asyncio.current_task()
        try:
            await self._make(self._video)
        except DatabaseUnavailable:
            # The row keeps its status and falls silent, so another attempt will be made.
            log.warning("database away, attempt ended", video=self._video.id)

    def stop(self, *, leaving: bool) -> None:
        """Drop the video at once: it was taken from us, or (`leaving`) it must be handed back.

        A video whose file is finished is not dropped: settling it takes milliseconds.
        """
        self._leaving = self._leaving or leaving
        if self._task is not None and not self._settling and not self._stopped:
            self._stopped = True  # once: a second cancellation would cut the tidying up short
            self._task.cancel()

    async def _make(self, video: Video) -> None:
        logger = log.bind(video=video.id, attempt=video.attempt, engine=video.spec.engine)
        said = {"prompt": video.spec.prompt} if self._shop.log_prompts else {}
        logger.info("render begun", seconds=video.spec.seconds, size=str(video.spec.size), **said)
        try:
            await self._complete(video, await self._render(video))
        except asyncio.CancelledError:
            await self._let_go(video)
            raise
        except DatabaseUnavailable:
            raise
        except EngineError as error:
            await self._give_up(video, error)
        except Exception as error:
            if _is_scarcity(error):
                logger.warning(
                    "storage away, or this machine has too little left", reason=str(error)
                )
                pause = self._shop.scarcity_pause
                await rendering.hand_back(self._shop.database, video, delay=pause)
                await self._abandon(video)
                self.attempt = None
                await asyncio.sleep(pause.total_seconds())
                return
            logger.exception("an attempt ended as none may end")
            internal = EngineCrashed(f"internal error: {type(error).__name__}")
            await self._give_up(video, internal)

    async def _render(self, video: Video) -> Asset:
        with tempfile.TemporaryDirectory(dir=self._shop.scratch, prefix="attempt-") as folder:
            # Before anything that takes long: what is held is what the heartbeat looks after.
            self.attempt = await self._attempt(video, Path(folder))
            self.attempt.inputs = await inputs.gather(
                self._shop.database,
                video.spec,
                store=self._shop.store,
                bench=self._shop.bench,
                into=Path(folder),
            )
            return await rendering.perform(
                video,
                self.attempt,
                inputs=self.attempt.inputs,
                engine=self._shop.engines[video.spec.engine],
                bench=self._shop.bench,
                store=self._shop.store,
                time_limit=self._shop.time_limit,
            )

    async def _attempt(self, video: Video, folder: Path) -> HeldAttempt:
        async with self._shop.database.connection() as connection:
            token = await videos.read_token(connection, video.id)
        return HeldAttempt(
            video=video,
            database=self._shop.database,
            workdir=folder,
            token=token,
        )

    async def _complete(self, video: Video, asset: Asset) -> None:
        """Finished work is not thrown away because the database is away for a while."""
        self._settling = True
        took = timedelta(seconds=asyncio.get_running_loop().time() - self._begun_at)
        while True:
            try:
                done = await rendering.complete(
                    self._shop.database, video, asset, keep_for=self._shop.keep_for, took=took
                )
            except DatabaseUnavailable:
                if self._leaving:
                    raise
                await asyncio.sleep(DATABASE_RETRY.total_seconds())
            else:
                break
        log.info("render ended", video=video.id, completed=done, bytes=asset.size_bytes)
        await self._tidy(video, is_done=done)

    async def _give_up(self, video: Video, error: EngineError) -> None:
        status = await rendering.give_up(
            self._shop.database, video, error, retry_delay=self._shop.retry_delay
        )
        log.warning("render failed", video=video.id, reason=error.message, status=status)
        await self._abandon(video)

    async def _let_go(self, video: Video) -> None:
        log.info("video let go", video=video.id, attempt=video.attempt, leaving=self._leaving)
        if self._leaving:
            await rendering.hand_back(self._shop.database, video)
        await self._abandon(video)

    async def _abandon(self, video: Video) -> None:
        await self._tidy(video, is_done=False)
        await stopping.stop_one(self._shop.database, self._shop.engines, video_id=video.id)

    async def _tidy(self, video: Video, *, is_done: bool) -> None:
        """No object of an attempt stays, but for those of the one that completed the video."""
        try:
            if is_done:
                await rendering.remove_earlier(video, store=self._shop.store)
            else:
                await rendering.abandon(self._shop.database, video, store=self._shop.store)
        except StorageUnavailable:
            # The sweep for orphans finds them later.
            log.warning("storage away, leftovers stay", video=video.id, attempt=video.attempt)


def _is_scarcity(error: Exception) -> bool:
    """No fault of the video's, and nothing that another attempt a little later would not get round."""
    is_machine = isinstance(error, OSError) and error.errno in SCARCE
    return is_machine or isinstance(error, (StorageUnavailable, MediaStarved))
