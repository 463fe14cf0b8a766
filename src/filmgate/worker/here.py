"""Videos that are made on this machine: each takes a slot, and is claimed when one is free and not before."""

import asyncio
from collections import deque
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import Video
from filmgate.usecases import rendering, retention
from filmgate.worker.beats import Beats
from filmgate.worker.silence import Silence
from filmgate.worker.slot import Slot
from filmgate.worker.wakeups import Wakeups
from filmgate.worker.workshop import Workshop

POLL = timedelta(seconds=1)
"""How long a missed notification can delay a claim, and how often lost and postponed videos are looked for."""


class Here:
    """All that it begins, it begins in the task group that it is given."""

    def __init__(
        self,
        workshop: Workshop,
        engines: Collection[str],
        *,
        worker_id: UUID,
        slots: int,
        silence: Silence,
    ) -> None:
        self.busy: set[Slot] = set()
        self.silence = silence
        self.beats = Beats(workshop.database)
        self._shop = workshop
        self._engines = deque(engines)
        self._id = worker_id
        self._free = asyncio.Semaphore(slots)
        self._look_round_at = 0.0

    async def claim(
        self, work: asyncio.TaskGroup, wakeups: Wakeups, *, stop: asyncio.Event
    ) -> None:
        """Until `stop` is set, or cancelled."""
        while not stop.is_set():
            await self._free.acquire()
            slot = Slot(self._shop, await self._next(wakeups))
            self.busy.add(slot)
            work.create_task(self._occupy(slot))

    def due(self, _now: float) -> list[Slot]:
        """Whose heartbeat is due: everyone's, each time."""
        return list(self.busy)

    async def _occupy(self, slot: Slot) -> None:
        try:
            await slot.work()
        finally:
            self.busy.remove(slot)
            self._free.release()

    async def _next(self, wakeups: Wakeups) -> Video:
        while True:
            wakeups.clear()
            try:
                video = await self._look_round() or await self._claim_one()
            except DatabaseUnavailable:
                self.silence.note_outage()
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
        for lost in await rendering.take_over_lost(
            self._shop.database,
            self._engines,
            worker_id=self._id,
            silent_for=self.silence.limit(),
        ):
            return lost  # there may be others
        self._look_round_at = now + POLL.total_seconds()
        return None

    async def _claim_one(self) -> Video | None:
        self._engines.rotate()
        return await rendering.begin_next(self._shop.database, self._engines, worker_id=self._id)
