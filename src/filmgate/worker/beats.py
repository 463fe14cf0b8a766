"""Beats: a worker's sign of life for what it holds, and how it learns what it holds no more."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from itertools import islice

from filmgate.database import notices, videos
from filmgate.database.connection import Database
from filmgate.worker.slot import Slot

AT_ONCE = 1_000
LIMIT = timedelta(seconds=5)


class Beats:
    """One at a time: two for the same videos would wait for each other's rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beating = asyncio.Lock()

    async def beat(self, slots: Collection[Slot]) -> None:
        """Tell the row of each that it is held, and how far it is. Stop those whose row says something else.

        Raises DatabaseUnavailable or TimeoutError; those that were reached have it in their `beaten_at`.
        """
        waiting = iter(slots)
        async with asyncio.timeout(LIMIT.total_seconds()), self._beating:
            while some := list(islice(waiting, AT_ONCE)):
                await self._beat_some(some)

    async def _beat_some(self, slots: Collection[Slot]) -> None:
        # Once: an engine may report more while this is written down.
        held = {slot: (own, own.percent) for slot in slots if (own := slot.attempt) is not None}
        if not held:
            return
        now = asyncio.get_running_loop().time()
        signs = [(own.video.id, own.video.attempt, percent) for own, percent in held.values()]
        news = [(own, percent) for own, percent in held.values() if percent > own.told_percent]
        async with self._database.connection() as connection:
            ours = await videos.touch(connection, signs)
            for slot in held:
                slot.beaten_at = now
            await notices.announce(connection, (own.video for own, _ in news))
        for own, percent in news:
            own.told_percent = percent
        for slot, (own, _) in held.items():
            if (own.video.id, own.video.attempt) not in ours and slot.attempt is own:
                slot.stop(leaving=False)
