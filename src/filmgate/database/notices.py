"""Notices: which videos have changed, said aloud to every process that listens. Hints, never promises.

They go out after the change was committed, in a statement of their own: a transaction that holds one back
until its commit would make all the others wait.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import Video, VideoId

CHANNEL: Final = "filmgate_video"
WORK_CHANNEL: Final = "filmgate_work"
_MOST_AT_ONCE = 150
"""A payload may have 8,000 bytes."""


class Notice(NamedTuple):
    """Something about this video of this account is different now."""

    account_id: AccountId
    video_id: VideoId


async def announce(connection: asyncpg.Connection, changed: Iterable[Video]) -> None:
    """Tell all listeners, whatever process they live in."""
    words = [f"{video.account_id}:{video.id}" for video in changed]
    for start in range(0, len(words), _MOST_AT_ONCE):
        payload = " ".join(words[start : start + _MOST_AT_ONCE])
        await connection.execute("select pg_notify($1, $2)", CHANNEL, payload)


async def call_workers(connection: asyncpg.Connection) -> None:
    """Tell whoever makes videos that there may be one to make."""
    await connection.execute("select pg_notify($1, '')", WORK_CHANNEL)


def read(payload: str) -> list[Notice]:
    """What a listener makes of a payload."""
    pairs = (word.split(":") for word in payload.split())
    return [Notice(AccountId(int(account)), VideoId(video)) for account, video in pairs]
