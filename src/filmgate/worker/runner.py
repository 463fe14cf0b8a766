"""The runner: a worker's life, from the first claim to the last hand-back.

The row is the truth: what this process believes about a video ends when a heartbeat finds the row changed.
"""

import asyncio
from collections import deque
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import Video
from filmgate.database import notices, videos
from filmgate.usecases import rendering, retention
from filmgate.worker.slot import Slot, Workshop
from filmgate.worker.wakeups import Wakeups

HEARTBEAT = timedelta(seconds=1)
LOST_AFTER = timedelta(seconds=10)
"""A video whose worker was silent for so long is given to another one."""

POLL = timedelta(seconds=1)
"""How long a missed notification can delay a claim, and how often lost and postponed videos are looked for."""

NEVER = timedelta(days=365)
BEAT_LIMIT = timedelta(seconds=5)
DRAIN_TICK = timedelta(milliseconds=100)

log = structlog.get_logger()


class Runner:
    """Claims a video when a slot is free and not before. All that it starts has ended when `run` returns."""

    def __init__(
        self,
        workshop: Workshop,
        *,
        slots: int,
        grace: timedelta,
        settling: timedelta = LOST_AFTER,
    ) -> None:
        """`slots` videos are made at once; `grace` is how long a stop waits for them.

        For the time of `settling` nobody is taken for lost: before we came, the database may have been away.
        """
        self._shop = workshop
        self._grace = grace
        self._id = uuid4()
        self._free = asyncio.Semaphore(slots)
        self._engines = deque(workshop.engines)
        self._trust_silence_at = asyncio.get_running_loop().time() + settling.total_seconds()
        self._look_round_at = 0.0
        self._busy: dict[Slot, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event, wakeups: Wakeups, *, hurry: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what can be finished in the grace time, or until `hurry`."""
        async with asyncio.TaskGroup() as life:
            heart = life.create_task(self._beat())
            async with asyncio.TaskGroup() as work:
                claiming = work.create_task(self._claim(work, wakeups, stop=stop))
                await stop.wait()
                claiming.cancel()
                await self._drain(hurry)
            heart.cancel()
        await self._release_the_rest()

    async def _claim(
        self, work: asyncio.TaskGroup, wakeups: Wakeups, *, stop: asyncio.Event
    ) -> None:
        while not stop.is_set():
            await self._free.acquire()
            slot = Slot(self._shop, await self._next(wakeups))
            self._busy[slot] = work.create_task(self._occupy(slot))

    async def _occupy(self, slot: Slot) -> None:
        try:
            await slot.work()
        finally:
            del self._busy[slot]
            self._free.release()

    async def _next(self, wakeups: Wakeups) -> Video:
        while True:
            wakeups.clear()
            try:
                video = await self._look_round() or await self._claim_one()
            except DatabaseUnavailable:
                self._note_outage()
                video = None
            if video is not None:
                return video
            await wakeups.wait(POLL)

    async def _look_round(self) -> Video | None:
        """Now and then: what was lost goes before what waits, and what was postponed stands in line again."""
        now = asyncio.get_running_loop().time()
        if now < self._look_round_at:
            return None
        await retention.return_postponed(self._shop.database)
        lost = await rendering.take_over_lost(
            self._shop.database,
            self._engines,
            worker_id=self._id,
            silent_for=self._lost_after(),
        )
        if lost is None:  # else there may be others
            self._look_round_at = now + POLL.total_seconds()
        return lost

    async def _claim_one(self) -> Video | None:
        self._engines.rotate()
        return await rendering.begin_next(self._shop.database, self._engines, worker_id=self._id)

    def _lost_after(self) -> timedelta:
        """While the database was away nobody could beat: until everybody had time to, nobody is lost."""
        is_settled = asyncio.get_running_loop().time() >= self._trust_silence_at
        return LOST_AFTER if is_settled else NEVER

    def _note_outage(self) -> None:
        now = asyncio.get_running_loop().time()
        self._trust_silence_at = now + LOST_AFTER.total_seconds()

    async def _beat(self) -> None:
        while True:
            try:
                async with asyncio.timeout(BEAT_LIMIT.total_seconds()):
                    await self._touch()
            except (DatabaseUnavailable, TimeoutError):
                self._note_outage()
                log.warning("database away, heartbeat missed", videos=len(self._busy))
            await asyncio.sleep(HEARTBEAT.total_seconds())

    async def _touch(self) -> None:
        held = {slot: slot.attempt for slot in self._busy if slot.attempt is not None}
        if not held:
            return
        signs = [(own.video.id, own.video.attempt, own.percent) for own in held.values()]
        async with self._shop.database.connection() as connection:
            ours = await videos.touch(connection, signs)
            await notices.announce(
                connection, (own.video for own in held.values() if own.has_news())
            )
        for slot, attempt in held.items():
            if (attempt.video.id, attempt.video.attempt) not in ours and slot.attempt is attempt:
                slot.stop(leaving=False)

    async def _release_the_rest(self) -> None:
        """What was claimed while the stop came need not wait until it counts as lost."""
        try:
            await rendering.hand_back_all(self._shop.database, self._engines, worker_id=self._id)
        except DatabaseUnavailable:
            log.warning("database away, claimed videos wait until they count as lost")

    async def _drain(self, hurry: asyncio.Event) -> None:
        if self._busy:
            log.info("finishing renders", videos=len(self._busy), grace=str(self._grace))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace.total_seconds()):
                while self._busy and not hurry.is_set():
                    await asyncio.wait(self._busy.values(), timeout=DRAIN_TICK.total_seconds())
        for slot in self._busy:
            slot.stop(leaving=True)
