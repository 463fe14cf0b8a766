"""Alarm: how a request sleeps until something happens, without a task of its own for each thing."""

import asyncio
from datetime import timedelta

from starlette.requests import ClientDisconnect
from starlette.types import Receive


class Alarm:
    """Wakes one sleeping request. Rung while nobody sleeps, it wakes the next one at once."""

    __slots__ = ("_is_rung", "_sleep")

    def __init__(self) -> None:
        self._is_rung = False
        self._sleep: asyncio.Timeout | None = None

    def ring(self) -> None:
        self._is_rung = True
        if self._sleep is not None and not self._sleep.expired():
            self._sleep.reschedule(asyncio.get_running_loop().time())

    async def sleep(self, receive: Receive, *, at_most: timedelta) -> bool:
        """Return whether the alarm rang before the time was up.

        What is awaited is the client: should it go away, this raises ClientDisconnect.
        """
        if not self._is_rung:
            await self._listen_to(receive, at_most)
        rang, self._is_rung = self._is_rung, False
        return rang

    async def _listen_to(self, receive: Receive, at_most: timedelta) -> None:
        try:
            async with asyncio.timeout(at_most.total_seconds()) as sleep:
                self._sleep = sleep
                try:
                    await _disconnected(receive)
                finally:
                    self._sleep = None
        except TimeoutError:
            return
        raise ClientDisconnect


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
