"""Endings: the one way in which a video becomes terminal, whoever brings it about."""

import asyncpg

from filmgate.core.video import Video
from filmgate.database import videos
from filmgate.usecases import admission, events


async def end(connection: asyncpg.Connection, before: Video, after: Video) -> bool:
    """Write the end down, with all that follows from it, in the caller's transaction.

    Return False, having done nothing, where the video does not stand where `before` says any more. What the
    caller has to add goes before or after, but takes no lock: the account's events wait for this transaction.
    """
    if not await videos.update(connection, before, after):
        return False
    await admission.leave(connection, before, after)
    if after.deleted_at is None:  # who deletes a video wants to hear no more of it
        await events.record(connection, after)
    return True
