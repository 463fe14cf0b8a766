"""The runner: a worker's life, from the first claim to the last hand-back.

The row is the truth: what this process believes about a video ends when a heartbeat finds the row changed.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import VideoId
from filmgate.database import notices, videos
from filmgate.queue import jobs
from filmgate.worker.slot import Slot, Workshop
from filmgate.worker.wakeups import Wakeups

HEARTBEAT = timedelta(seconds=1)
LOST_AFTER = timedelta(seconds=10)
"""A job whose worker was silent for so long is given to another one."""

POLL = timedelta(seconds=1)
"""How long a missed notification can delay a claim."""

NEVER = timedelta(days=365)
BEAT_LIMIT = timedelta(seconds=5)
DRAIN_TICK = timedelta(milliseconds=100)

log = structlog.get_logger()


class Runner:
    """Claims a job when a slot is free and not before. All that it starts has ended when `run` returns."""

    def __init__(self, workshop: Workshop, *, slots: int, grace: timedelta) -> None:
        """`slots` videos are made at once; `grace` is how long a stop waits for them."""
        self._shop = workshop
        self._grace = grace
        self._id = uuid4()
        self._free = asyncio.Semaphore(slots)
        self._trust_silence_at = 0.0
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

    async def _next(self, wakeups: Wakeups) -> VideoId:
        while True:
            wakeups.clear()
            try:
                job = await self._claim_one()
            except DatabaseUnavailable:
                self._note_outage()
                job = None
            if job is not None:
                return job.video_id
            await wakeups.wait(POLL)

    async def _claim_one(self) -> jobs.Job | None:
        async with self._shop.database.connection() as connection:
            return await jobs.claim_next(
                connection,
                self._id,
                engines=self._shop.engines,
                lost_after=self._lost_after(),
            )

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
        if not self._busy:
            return
        held = {slot: slot.attempt for slot in self._busy if slot.attempt is not None}
        signs = [(own.video.id, own.video.attempt, own.percent) for own in held.values()]
        async with self._shop.database.connection() as connection:
            await jobs.touch(connection, self._id, held=[slot.video_id for slot in self._busy])
            ours = await videos.touch(connection, signs)
            await notices.announce(
                connection, (own.video for own in held.values() if own.has_news())
            )
        for slot, attempt in held.items():
            if (attempt.video.id, attempt.video.attempt) not in ours and slot.attempt is attempt:
                slot.stop(leaving=False)

    async def _release_the_rest(self) -> None:
        """A job that was claimed while the stop came need not wait until it counts as lost."""
        try:
            async with self._shop.database.connection() as connection:
                await jobs.release(connection, self._id)
        except DatabaseUnavailable:
            log.warning("database away, claimed jobs wait until they count as lost")

    async def _drain(self, hurry: asyncio.Event) -> None:
        if self._busy:
            log.info("finishing renders", videos=len(self._busy), grace=str(self._grace))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace.total_seconds()):
                while self._busy and not hurry.is_set():
                    await asyncio.wait(self._busy.values(), timeout=DRAIN_TICK.total_seconds())
        for slot in self._busy:
            slot.stop(leaving=True)
