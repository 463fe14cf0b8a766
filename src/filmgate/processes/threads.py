"""Blocking work in a thread that nobody leaves before its end."""

import asyncio
from collections.abc import Callable


async def to_the_end(work: Callable[[], None]) -> None:
    """Run it in a thread and wait for its end even if we are cancelled, however often.

    A thread cannot be stopped, and what it does must not come after our cleaning up.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    failure = running.exception()
    if cancelled or failure:
        raise cancelled or failure or AssertionError
