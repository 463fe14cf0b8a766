"""Shared: an answer that many ask for at once. It is fetched once for all of them, and good for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """What `fetch` returned last, if that is not longer ago than `good_for`."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], *, good_for: timedelta) -> None:
        self._fetch = fetch
        self._good_for = good_for.total_seconds()
        self._fetching = asyncio.Lock()
        self._answer: tuple[T, float] | None = None
        """And until when it is good."""

    async def get(self) -> T:
        """What `fetch` raises is raised here, and not kept."""
        known = self.known()
        if known is not None:
            return known
        # Whoever had to wait finds the answer there; if its asker was cancelled, the next one asks.
        async with self._fetching:
            if self._answer is None or self._answer[1] <= time.monotonic():
                until = (
                    time.monotonic() + self._good_for
                )  # from the question on, not from the answer
                self._answer = await self._fetch(), until
            return self._answer[0]

    def known(self) -> T | None:
        """The answer, if there is a good one now."""
        if self._answer is None or self._answer[1] <= time.monotonic():
            return None
        return self._answer[0]
