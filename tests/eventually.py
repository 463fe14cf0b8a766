"""Waiting for something to become true, with a deadline, where a test cannot be told when it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T | None]], *, within: float = 10) -> T:
    """Return the first truthy answer; fail with the last one when the time (in seconds) is up."""
    deadline = time.monotonic() + within
    while not (answer := await ask()):
        assert time.monotonic() < deadline, f"not within {within} s; the last answer was {answer!r}"
        await asyncio.sleep(0.02)
    return answer
