"""Videos that are made elsewhere: they take no slot of this machine, and there may be thousands of them.

So they are claimed many at a time, and beat rarely. Of a video that was cancelled, a notice tells before the beat.
"""

import asyncio
import random
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.ports import Seats
from filmgate.core.video import Video, VideoId
from filmgate.database import notices
from filmgate.database.listening import listen
from filmgate.usecases import rendering, retention
from filmgate.worker.beats import Beats
from filmgate.worker.intake import Intake
from filmgate.worker.silence import Silence
from filmgate.worker.slot import Slot
from filmgate.worker.wakeups import Wakeups
from filmgate.worker.workshop import Workshop

POLL = timedelta(seconds=1)
"""How long a missed notification can delay a claim, and how often postponed videos are looked for."""

BEAT_EVERY = timedelta(seconds=15)
"""So often each video beats, at the worker's next beat."""

REST = timedelta(milliseconds=250)
"""Between two answers to notices: most of them tell what this worker has said itself."""

LOOK_FOR_LOST = timedelta(seconds=5)

log = structlog.get_logger()


class Elsewhere:
    """All that it begins, it begins in the task group that it is given."""

    def __init__(
        self,
        workshop: Workshop,
        engines: Mapping[str, Seats],
        *,
        worker_id: UUID,
        silence: Silence,
    ) -> None:
        self.busy: set[Slot] = set()
        self.silence = silence
        self.beats = Beats(workshop.database)
        self.wakeups = Wakeups()
        self._shop = workshop
        self._intakes = {
            name: Intake(seats=seats, on_room=self.wakeups.wake) for name, seats in engines.items()
        }
        self._turns = deque(engines)
        self._id = worker_id
        self._look_round_at = 0.0
        self._look_for_lost_at = dict.fromkeys(engines, 0.0)
        self._by_id: dict[VideoId, Slot] = {}
        self._noticed: set[Slot] = set()
        self._heard = asyncio.Event()
        self._to_hand_back: list[Video] = []

    async def claim(self, work: asyncio.TaskGroup, *, stop: asyncio.Event) -> None:
        """Until `stop` is set, or cancelled."""
        while self._turns and not stop.is_set():
            self.wakeups.clear()
            taken = await self._next()
            for video in taken:
                work.create_task(self._sit(self._seat(video)))
            if not taken:
                await self.wakeups.wait(POLL)

    async def listen(self) -> None:
        """Hear of videos that have changed."""
        if self._turns:
            await listen(
                self._shop.database.dsn, notices.CHANNEL, heard=self._hear, missed=self._miss
            )

    async def attend(self) -> NoReturn:
        """Have those beat soon of which a notice came, and so find out whose they are."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            noticed, self._noticed = self._noticed & self.busy, set()
            with suppress(DatabaseUnavailable, TimeoutError):  # the heart finds out in its time
                await self.beats.beat(noticed)
            await asyncio.sleep(REST.total_seconds())

    def due(self, now: float) -> set[Slot]:
        """Whose heartbeat is due, by the event loop's clock, and those that have something to tell."""
        before = now - BEAT_EVERY.total_seconds()
        return {
            slot
            for slot in self.busy
            if slot.beaten_at <= before or (slot.attempt is not None and slot.attempt.has_news)
        }

    def leave(self) -> None:
        """Let go of all but those whose film is on its way here."""
        for slot in self.busy:
            if not slot.is_finishing:
                slot.stop(leaving=True)

    async def hand_back(self) -> None:
        """Those that were let go."""
        let_go, self._to_hand_back = self._to_hand_back, []
        if not let_go:
            return
        try:
            count = await rendering.hand_back_some(self._shop.database, let_go)
            log.info("videos handed back", videos=count)
        except DatabaseUnavailable:
            log.warning("database away, videos wait until they count as lost", videos=len(let_go))

    def _seat(self, video: Video) -> Slot:
        slot = Slot(self._shop, video, intake=self._intakes[video.spec.engine])
        # The first time sooner, each at its own moment: thousands may be taken over together.
        slot.beaten_at -= random.uniform(0, BEAT_EVERY.total_seconds())
        self.busy.add(slot)
        self._by_id[video.id] = slot
        return slot

    async def _sit(self, slot: Slot) -> None:
        try:
            await slot.work()
        finally:
            self.busy.remove(slot)
            if self._by_id.get(slot.video.id) is slot:  # and not that of its next attempt
                del self._by_id[slot.video.id]
            if slot.is_to_hand_back:
                self._to_hand_back.append(slot.video)

    def _hear(self, payload: str) -> None:
        heard = (self._by_id.get(notice.video_id) for notice in notices.read(payload))
        self._noticed.update(slot for slot in heard if slot is not None)
        if self._noticed:
            self._heard.set()

    def _miss(self) -> None:
        """Whatever it was about may be about any of them."""
        self._noticed.update(self.busy)
        self._heard.set()

    async def _next(self) -> list[Video]:
        """Of the first engine that has both room and videos; the others come first next time."""
        try:
            await self._look_round()
            for _ in range(len(self._turns)):
                self._turns.rotate()
                if taken := await self._take(self._turns[0]):
                    return taken
        except DatabaseUnavailable:
            self.silence.note_outage()
        return []

    async def _look_round(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._look_round_at:
            await retention.return_postponed(self._shop.database)
            self._look_round_at = now + POLL.total_seconds()

    async def _take(self, engine: str) -> list[Video]:
        """What was lost goes before what waits."""
        now = asyncio.get_running_loop().time()
        room = self._intakes[engine].room(now)
        if not room:
            return []
        return await self._take_over(engine, now, most=room) or await rendering.begin_some(
            self._shop.database, engine, worker_id=self._id, most=room
        )

    async def _take_over(self, engine: str, now: float, *, most: int) -> list[Video]:
        if now < self._look_for_lost_at[engine]:
            return []
        lost = await rendering.take_over_lost(
            self._shop.database,
            [engine],
            worker_id=self._id,
            silent_for=self.silence.limit(),
            most=most,
        )
        if not lost:  # else there may be others
            self._look_for_lost_at[engine] = now + LOOK_FOR_LOST.total_seconds()
        return lost
