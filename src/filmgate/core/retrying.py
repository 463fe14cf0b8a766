"""Retries with judgement: how often a video is tried again, and after which pause.

Three things end an attempt without a verdict on the video, and each has a count of its own: the engine was
away, the engine broke under it, the worker fell silent.
"""

from datetime import timedelta
from typing import Final

UNAVAILABLE_LIMIT: Final = 12
"""With the pauses below, an upstream may be away for about three quarters of an hour."""

CRASH_LIMIT: Final = 3
"""What breaks the process that makes it three times is poison, and must not do so for ever."""

LOST_LIMIT: Final = 20
"""Workers and hosts die without any fault of the video's; but not twenty in a row."""

LONGEST_PAUSE: Final = timedelta(minutes=10)


def pause_after(count: int, *, first: timedelta, luck: float) -> timedelta:
    """Before the next attempt, when `count` have ended: each twice as long as the one before.

    `luck`, from 0 to 1, shortens it by up to half, so that those which failed together do not come back together.
    """
    whole = min(first * 2 ** min(count - 1, 30), LONGEST_PAUSE) if first else first
    return whole * (1 - luck / 2)
