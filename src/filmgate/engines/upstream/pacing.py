"""Pacing: how often one upstream is called by a worker, for all of its jobs together."""

import asyncio
import random
from datetime import timedelta

POSTS = 32
LOOKS = 16


class Pace:
    """`posts` and `looks` bound how many of those calls are under way at once.

    Each job says how long it would pause before the next look. Where all of them together would look more often than
    `looks_per_second`, every pause is stretched by the same factor, so that young jobs are still looked at more often.
    """

    def __init__(self, *, looks_per_second: float) -> None:
        self.posts = asyncio.Semaphore(POSTS)
        self.looks = asyncio.Semaphore(LOOKS)
        self._most = looks_per_second
        self._wanted = 0.0

    async def rest(self, pause: timedelta, *, is_first: bool = False) -> None:
        """Before the first look, between nothing and the pause: many may begin to follow at once."""
        seconds = pause.total_seconds()
        if not seconds:
            return
        luck = random.uniform(0, 1) if is_first else random.uniform(0.9, 1.1)
        self._wanted += 1 / seconds
        try:
            await asyncio.sleep(seconds * luck * max(1.0, self._wanted / self._most))
        finally:
            self._wanted -= 1 / seconds
