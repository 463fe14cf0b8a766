"""Wake-ups: the notifications that say that there may be work. A hint: polling goes on without them."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

from filmgate.database.listening import listen
from filmgate.database.notices import WORK_CHANNEL


class Wakeups:
    """An event that every notification sets; unless told otherwise, those that call workers."""

    def __init__(self, channel: str = WORK_CHANNEL) -> None:
        self._channel = channel
        self._event = asyncio.Event()
        self._others: list[Wakeups] = []

    def tell(self, other: "Wakeups") -> None:
        """It wakes with this one from now on, and is cleared by itself."""
        self._others.append(other)

    def wake(self) -> None:
        self._event.set()
        for other in self._others:
            other.wake()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self, at_most: timedelta) -> None:
        """Return at the next notification since `clear`, or when the time is up."""
        # Not wait_for: on Python 3.11 it swallows a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most.total_seconds()):
                await self._event.wait()

    async def listen(self, dsn: str) -> NoReturn:
        """Listen for ever. What may have been missed counts as a notification."""
        await listen(dsn, self._channel, heard=lambda _: self.wake(), missed=self.wake)
