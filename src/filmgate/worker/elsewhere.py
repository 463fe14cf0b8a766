"""Videos that are made elsewhere: they take no slot of this machine, and there may be thousands of them.

So they are claimed many at a time, and beat rarely. Of a video that was cancelled, a notice tells before the beat.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from itertools import cycle
from typing import NoReturn
from uuid import UUID

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.ports import Seats
from filmgate.core.video import Video, VideoId
from filmgate.database import notices
from filmgate.database.listening import listen
from filmgate.usecases import rendering, retention
from filmgate.worker.beats import beat
from filmgate.worker.intake import Intake
from filmgate.worker.silence import Silence
from filmgate.worker.slot import Slot
from filmgate.worker.wakeups import Wakeups
from filmgate.worker.workshop import Workshop

POLL = timedelta(seconds=1)
"""How long a missed notification can delay a claim, and how often postponed videos are looked for."""

BEATS = 15
"""Each video beats at one of so many beats of the worker's heart."""

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
        self._rounds: list[set[Slot]] = [set() for _ in range(BEATS)]
        self._beating = cycle(self._rounds)
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
                self._shop.database.dsn, notices.CHANNEL, heard=self._hear, missed=lambda: None
            )

    async def attend(self) -> NoReturn:
        """Have those beat soon of which a notice came, and so find out whose they are."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            noticed, self._noticed = self._noticed & self.busy, set()
            with suppress(DatabaseUnavailable):  # the heart finds out in its time
                await beat(self._shop.database, noticed)
            await asyncio.sleep(REST.total_seconds())

    def due(self) -> set[Slot]:
        """Whose heartbeat is due."""
        news = {slot for slot in self.busy if slot.attempt is not None and slot.attempt.has_news}
        return (next(self._beating) | news) & self.busy

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
        intake = self._intakes[video.spec.engine]
        intake.take()
        slot = Slot(self._shop, video, intake=intake)
        self.busy.add(slot)
        self._round_of(slot).add(slot)
        self._by_id[video.id] = slot
        return slot

    async def _sit(self, slot: Slot) -> None:
        try:
            await slot.work()
        finally:
            self.busy.remove(slot)
            self._round_of(slot).remove(slot)
            if self._by_id.get(slot.video.id) is slot:  # and not that of its next attempt
                del self._by_id[slot.video.id]
            if slot.is_to_hand_back:
                self._to_hand_back.append(slot.video)

    def _round_of(self, slot: Slot) -> set[Slot]:
        return self._rounds[hash(slot.video.id) % BEATS]

    def _hear(self, payload: str) -> None:
        heard = (self._by_id.get(notice.video_id) for notice in notices.read(payload))
        self._noticed.update(slot for slot in heard if slot is not None)
        if self._noticed:
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
