"""Wake-ups: the notifications that say that a job came or went. A hint: polling goes on without them."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg
import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.database.connection import translated
from filmgate.queue.schema import CHANNEL

PROBE = timedelta(seconds=1)
log = structlog.get_logger()


class Wakeups:
    """An event that every notification sets."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self, at_most: timedelta) -> None:
        """Return at the next notification since `clear`, or when the time is up."""
        # Not wait_for: on Python 3.11 it swallows a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._event.wait()

    async def listen(self, dsn: str) -> None:
        """Listen for ever, on a connection that is made again whenever it was lost."""
        while True:
            try:
                await self._listen_once(dsn)
            except DatabaseUnavailable:
                log.warning("database away, not listening")
            self._event.set()  # whatever happened meanwhile was missed
            await asyncio.sleep(PROBE.total_seconds())

    async def _listen_once(self, dsn: str) -> None:
        with translated():
            connection = await asyncpg.connect(dsn, timeout=5)
            try:
                await connection.add_listener(CHANNEL, self._notified)
                self._event.set()
                while True:
                    await asyncio.sleep(PROBE.total_seconds())
                    await connection.fetchval("select 1", timeout=5)
            finally:
                connection.terminate()

    def _notified(self, *_: object) -> None:
        self._event.set()
