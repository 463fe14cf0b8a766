"""Beats: a worker's sign of life for what it holds, and how it learns what it holds no more."""

from collections.abc import Collection
from itertools import islice

from filmgate.database import notices, videos
from filmgate.database.connection import Database
from filmgate.worker.slot import Slot

AT_ONCE = 1_000


async def beat(database: Database, slots: Collection[Slot]) -> None:
    """Tell the row of each that it is held, and how far it is. Stop those whose row says something else."""
    waiting = iter(slots)
    while some := list(islice(waiting, AT_ONCE)):
        await _beat_some(database, some)


async def _beat_some(database: Database, slots: Collection[Slot]) -> None:
    held = {slot: slot.attempt for slot in slots if slot.attempt is not None}
    if not held:
        return
    signs = [(own.video.id, own.video.attempt, own.percent) for own in held.values()]
    async with database.connection() as connection:
        ours = await videos.touch(connection, signs)
        news = [own for own in held.values() if own.has_news]
        await notices.announce(connection, (own.video for own in news))
    for own in news:
        own.told_percent = own.percent
    for slot, attempt in held.items():
        if (attempt.video.id, attempt.video.attempt) not in ours and slot.attempt is attempt:
            slot.stop(leaving=False)
