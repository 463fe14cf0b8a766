"""A slot at work: one video, from its claim to the last word about it.

Cancelling `work` means one of two things: the video was taken from us, or the worker is leaving.
"""

import asyncio
from datetime import timedelta

import structlog

from filmgate.core.errors import (
    DatabaseUnavailable,
    EngineBusy,
    EngineCrashed,
    EngineError,
    StorageUnavailable,
)
from filmgate.core.video import Asset, Video
from filmgate.database import videos
from filmgate.media.errors import MediaStarved
from filmgate.processes.outcomes import SCARCE
from filmgate.usecases import counting, rendering, stopping
from filmgate.usecases.counting import Outcome
from filmgate.worker.attempt import HeldAttempt
from filmgate.worker.intake import Intake
from filmgate.worker.workshop import Workshop

DATABASE_RETRY = timedelta(seconds=1)
log = structlog.get_logger()


class Slot:
    """Holds one video. `attempt` is set while the heartbeat has something to report, `beaten_at` when it last did.

    One that is made elsewhere has an intake. Whoever makes it stop hands it back, with many others at once.
    """

    __slots__ = (
        "_begun_at",
        "_is_accepted",
        "_is_over",
        "_leaving",
        "_settling",
        "_shop",
        "_stopped",
        "_taken",
        "_task",
        "attempt",
        "beaten_at",
        "intake",
        "is_to_hand_back",
        "video",
    )

    def __init__(self, workshop: Workshop, video: Video, *, intake: Intake | None = None) -> None:
        self.video = video
        self.intake = intake
        self.attempt: HeldAttempt | None = None
        self.is_to_hand_back = False
        self._shop = workshop
        self._taken = 0 if intake is None else intake.take()
        self._begun_at = asyncio.get_running_loop().time()
        self.beaten_at = self._begun_at
        self._leaving = False
        self._stopped = False
        self._settling = False
        self._is_over = False
        self._is_accepted = False
        self._task: asyncio.Task[None] | None = None

    async def work(self) -> None:
        """Make the video. What must run again is said by the row, never by an exception."""
        if self._stopped:
            return
        self._task = asyncio.current_task()
        try:
            await self._make(self.video)
        except DatabaseUnavailable:
            # The row keeps its status and falls silent, so another attempt will be made.
            log.warning("database away, attempt ended", video=self.video.id)
            counting.note_attempt(self.video, Outcome.LOST)
        finally:
            if self.intake is not None:
                self.intake.leave(was_accepted=self._is_accepted)

    @property
    def is_finishing(self) -> bool:
        """Whether the film is being brought here, or is here already."""
        return self._settling or (self.attempt is not None and self.attempt.has_room)

    def stop(self, *, leaving: bool) -> None:
        """Drop the video at once: it was taken from us, or (`leaving`) it must be handed back.

        A video whose file is finished is not dropped: settling it takes milliseconds. Nor is one taken from us that
        we have just given away ourselves: what is left to do would be cut short by our own notice.
        """
        if self._is_over and not leaving:
            return
        self._leaving = self._leaving or leaving
        if not self._settling and not self._stopped:
            self._stopped = True  # once: a second cancellation would cut the tidying up short
            if self._task is not None:  # else it has not begun, and will not
                self._task.cancel()

    async def _make(self, video: Video) -> None:
        self._say_begun(video)
        try:
            await self._complete(video, await self._render(video))
        except asyncio.CancelledError:
            await self._let_go(video)
            raise
        except DatabaseUnavailable:
            raise
        except EngineBusy as error:
            await self._wait_for(video, error)
        except EngineError as error:
            await self._give_up(video, error)
        except Exception as error:
            if _is_scarcity(error):
                await self._rest(video, error)
                return
            log.exception("an attempt ended as none may end", video=video.id)
            internal = EngineCrashed(f"internal error: {type(error).__name__}")
            await self._give_up(video, internal)

    def _say_begun(self, video: Video) -> None:
        spec = video.spec
        said = {"prompt": spec.prompt} if self._shop.log_prompts else {}
        log.info(
            "render begun",
            video=video.id,
            attempt=video.attempt,
            engine=spec.engine,
            seconds=spec.seconds,
            size=str(spec.size),
            **said,
        )

    async def _render(self, video: Video) -> Asset:
        attempt = await self._attempt(video)
        # Before anything that takes long: what is held is what the heartbeat looks after.
        self.attempt = attempt
        try:
            await attempt.bring_inputs()
            return await rendering.perform(
                video,
                attempt,
                inputs=attempt.inputs,
                engine=self._shop.engines[video.spec.engine],
                bench=self._shop.bench,
                store=self._shop.store,
                time_limit=attempt.limit,
            )
        finally:
            await attempt.leave()

    async def _attempt(self, video: Video) -> HeldAttempt:
        token = None
        if video.attempt > 1:
            async with self._shop.database.connection() as connection:
                token = await videos.read_token(connection, video.id)
        attempt = HeldAttempt(
            video=video, shop=self._shop, token=token, on_accepted=self._note_accepted
        )
        if attempt.is_accepted:
            self._note_accepted()
        return attempt

    def _note_accepted(self) -> None:
        if self.intake is not None and not self._is_accepted:
            self._is_accepted = True
            self.intake.accept(self._taken)

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
        self._is_over = True
        status = await rendering.give_up(
            self._shop.database, video, error, retry_delay=self._shop.retry_delay
        )
        log.warning("render failed", video=video.id, reason=error.message, status=status)
        await self._abandon(video)

    async def _wait_for(self, video: Video, error: EngineBusy) -> None:
        """The others of its engine wait in the line, and so does this one."""
        self._is_over = True
        pause = error.retry_after or self._shop.retry_delay
        if self.intake is not None:
            pause = self.intake.close(asyncio.get_running_loop().time(), asked=error.retry_after)
        log.info("upstream busy", video=video.id, engine=video.spec.engine, pause=str(pause))
        await rendering.hand_back(self._shop.database, video, delay=pause)
        await self._abandon(video)

    async def _rest(self, video: Video, error: Exception) -> None:
        self._is_over = True
        log.warning(
            "storage away, or this machine has too little left", video=video.id, reason=str(error)
        )
        pause = self._shop.scarcity_pause
        await rendering.hand_back(self._shop.database, video, delay=pause)
        await self._abandon(video)
        self.attempt = None
        await asyncio.sleep(pause.total_seconds())

    async def _let_go(self, video: Video) -> None:
        if self._leaving and self.intake is not None:
            self.is_to_hand_back = True
        elif self._leaving:
            await rendering.hand_back(self._shop.database, video)
        else:
            counting.note_attempt(video, Outcome.LOST)
        if not self.is_to_hand_back:
            log.info("video let go", video=video.id, attempt=video.attempt, leaving=self._leaving)
            await self._abandon(video)

    async def _abandon(self, video: Video) -> None:
        if self.intake is None or self.is_finishing:  # else it has stored nothing
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
