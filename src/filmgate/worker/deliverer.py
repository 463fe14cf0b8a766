"""The deliverer: sends what is due, many at once and few to the same endpoint, and notes what came of it.

At least once: what is sent and not noted, because the worker died or the database stayed away, is sent again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.webhook import DeliveryAttempt, EndpointId, HeldDelivery, Schedule
from filmgate.database import deliveries
from filmgate.database.connection import Database
from filmgate.usecases import counting
from filmgate.usecases.deliveries import note
from filmgate.worker.wakeups import Wakeups

POLL = timedelta(seconds=1)
"""How long a missed notification can delay an attempt, and how exactly the pauses are kept."""

REST = timedelta(milliseconds=20)
"""Between two looks: notifications come for many other reasons too."""

DATABASE_RETRY = timedelta(seconds=1)

log = structlog.get_logger()

Send = Callable[[HeldDelivery], Awaitable[DeliveryAttempt]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DelivererLimits:
    """`hold_for` is when others may send what we have not noted: longer than any attempt takes."""

    at_once: int = 64
    at_once_each: int = 4
    hold_for: timedelta = timedelta(seconds=30)
    grace: timedelta = timedelta(seconds=2)


class Deliverer:
    """All that it starts has ended when `run` returns."""

    def __init__(
        self,
        database: Database,
        send: Send,
        *,
        schedule: Schedule = Schedule(),  # noqa: B008 - frozen
        limits: DelivererLimits = DelivererLimits(),
    ) -> None:
        self._database = database
        self._send = send
        self._schedule = schedule
        self._limits = limits
        self._held: dict[asyncio.Task[None], HeldDelivery] = {}
        self._last_turn = EndpointId("")
        self._ended = asyncio.Event()

    async def run(self, stop: asyncio.Event, wakeups: Wakeups) -> None:
        """Send until `stop` is set, then give what is under way a moment, and the rest back."""
        async with asyncio.TaskGroup() as work:
            claiming = work.create_task(self._claim(work, wakeups))
            await stop.wait()
            claiming.cancel()
            if self._held:
                await asyncio.wait(self._held, timeout=self._limits.grace.total_seconds())
            left = list(self._held.values())
            for task in self._held:
                task.cancel()
        await self._release(left)

    async def _claim(self, work: asyncio.TaskGroup, wakeups: Wakeups) -> None:
        while True:
            wakeups.clear()
            due = await self._next()
            for held in due:
                task = work.create_task(self._deliver(held, wakeups))
                self._held[task] = held
            if not due:
                await asyncio.sleep(REST.total_seconds())
                await wakeups.wait(POLL)

    async def _next(self) -> list[HeldDelivery]:
        free = self._limits.at_once - len(self._held)
        if free == 0:
            return []
        try:
            async with self._database.connection() as connection:
                due = await deliveries.claim(
                    connection,
                    busy=Counter(held.endpoint_id for held in self._held.values()),
                    most=free,
                    most_each=self._limits.at_once_each,
                    behind=self._last_turn,
                    hold_for=self._limits.hold_for,
                )
        except DatabaseUnavailable:
            return []
        self._last_turn = max(
            (held.endpoint_id for held in due),
            key=lambda id_: (id_ <= self._last_turn, id_),
            default=self._last_turn,
        )
        return due

    async def _deliver(self, held: HeldDelivery, wakeups: Wakeups) -> None:
        try:
            attempt = await self._attempt(held)
            counting.note_delivery(held, attempt)
            await self._note(held, attempt)
        finally:
            del self._held[_current_task()]
            wakeups.wake()  # there is room for another one

    async def _attempt(self, held: HeldDelivery) -> DeliveryAttempt:
        try:
            return await self._send(held)
        except Exception as error:
            log.exception("a delivery ended as none may end", delivery=held.id)
            complaint = f"internal error: {type(error).__name__}"
            return DeliveryAttempt(
                at=held.held_at, status_code=None, error=complaint, duration=timedelta(0)
            )

    async def _note(self, held: HeldDelivery, attempt: DeliveryAttempt) -> None:
        """While the database is away, wait; but no longer than the delivery is ours."""
        log.info(
            "webhook sent",
            delivery=held.id,
            endpoint=held.endpoint_id,
            status=attempt.status_code,
            error=attempt.error,
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.hold_for.total_seconds()):
                while True:
                    try:
                        return await note(self._database, held, attempt, schedule=self._schedule)
                    except DatabaseUnavailable:
                        log.warning("database away, a delivery is not noted", delivery=held.id)
                    await asyncio.sleep(DATABASE_RETRY.total_seconds())

    async def _release(self, left: list[HeldDelivery]) -> None:
        if not left:
            return
        try:
            async with self._database.connection() as connection:
                await deliveries.release(connection, left)
        except DatabaseUnavailable:
            log.warning("database away, deliveries in hand wait for their time", count=len(left))


def _current_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task
