"""The runner: a worker's life, from the first claim to the last hand-back.

The row is the truth: what this process believes about a video ends when a heartbeat finds the row changed.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.metrics import counts
from filmgate.usecases import rendering
from filmgate.worker.elsewhere import Elsewhere
from filmgate.worker.here import Here
from filmgate.worker.silence import Silence
from filmgate.worker.wakeups import Wakeups
from filmgate.worker.workshop import Workshop

HEARTBEAT = timedelta(seconds=1)
LOST_AFTER = timedelta(seconds=10)
"""A video that is made here and whose worker was silent for so long is given to another one."""

LOST_ELSEWHERE_AFTER = timedelta(seconds=60)
"""As LOST_AFTER, of one that is made elsewhere: it goes on there meanwhile, and so its worker beats rarely."""

DRAIN_TICK = timedelta(milliseconds=100)

log = structlog.get_logger()


class Runner:
    """Makes videos on this machine and has others made elsewhere. All that it starts has ended when `run` returns."""

    def __init__(
        self,
        workshop: Workshop,
        *,
        slots: int,
        grace: timedelta,
        settling: timedelta | None = None,
    ) -> None:
        """`slots` videos are made here at once; `grace` is how long a stop waits for them.

        For the time of `settling` nobody is taken for lost: before we came, the database may have been away.
        """
        self._shop = workshop
        self._grace = grace
        self._id = uuid4()
        seats = {name: engine.seats for name, engine in workshop.engines.items()}
        self._here = Here(
            workshop,
            [name for name, its in seats.items() if its is None],
            worker_id=self._id,
            slots=slots,
            silence=Silence(LOST_AFTER, settling=settling),
        )
        self._elsewhere = Elsewhere(
            workshop,
            {name: its for name, its in seats.items() if its is not None},
            worker_id=self._id,
            silence=Silence(LOST_ELSEWHERE_AFTER, settling=settling),
        )

    async def run(self, stop: asyncio.Event, wakeups: Wakeups, *, hurry: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what can be finished in the grace time, or until `hurry`."""
        wakeups.tell(self._elsewhere.wakeups)
        async with asyncio.TaskGroup() as life:
            beside = [
                life.create_task(self._beat(self._here)),
                life.create_task(self._beat(self._elsewhere)),
                life.create_task(self._elsewhere.listen()),
                life.create_task(self._elsewhere.attend()),
            ]
            async with asyncio.TaskGroup() as work:
                claiming = [
                    work.create_task(self._here.claim(work, wakeups, stop=stop)),
                    work.create_task(self._elsewhere.claim(work, stop=stop)),
                ]
                await stop.wait()
                for task in claiming:
                    task.cancel()
                await self._drain(hurry)
            for task in beside:
                task.cancel()
        await self._elsewhere.hand_back()
        await self._release_the_rest()

    async def _beat(self, crew: Here | Elsewhere) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun_at = loop.time()
            try:
                await crew.beats.beat(crew.due(begun_at))
            except (DatabaseUnavailable, TimeoutError):
                crew.silence.note_outage()
                counts.heartbeats_missed.add()
                log.warning("database away, heartbeat missed", videos=len(crew.busy))
            took = loop.time() - begun_at
            await asyncio.sleep(max(0.0, HEARTBEAT.total_seconds() - took))

    async def _release_the_rest(self) -> None:
        """What was claimed while the stop came need not wait until it counts as lost."""
        try:
            await rendering.hand_back_all(
                self._shop.database, list(self._shop.engines), worker_id=self._id
            )
        except DatabaseUnavailable:
            log.warning("database away, claimed videos wait until they count as lost")

    async def _drain(self, hurry: asyncio.Event) -> None:
        """Jobs elsewhere go on without us; whoever takes them over need not wait for what is made here."""
        self._elsewhere.leave()
        if self._here.busy:
            log.info("finishing renders", videos=len(self._here.busy), grace=str(self._grace))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace.total_seconds()):
                while (self._here.busy or self._elsewhere.busy) and not hurry.is_set():
                    await asyncio.sleep(DRAIN_TICK.total_seconds())
                    await self._elsewhere.hand_back()
        for slot in (*self._here.busy, *self._elsewhere.busy):
            slot.stop(leaving=True)
