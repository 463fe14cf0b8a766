"""How long a render may take, not counting what it waits for through no fault of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Of one render."""

    at_most: timedelta
    _timeout: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))

    @property
    def is_over(self) -> bool:
        return self._timeout.expired()

    @asynccontextmanager
    async def applied(self) -> AsyncIterator[None]:
        """Raises TimeoutError, also for one from within: `is_over` tells them apart. To be entered once."""
        async with self._timeout:
            self._timeout.reschedule(_now() + self.at_most.total_seconds())
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time that passes in here does not count."""
        due, since = self._timeout.when(), _now()
        if due is None or self.is_over:
            yield
            return
        self._timeout.reschedule(None)
        try:
            yield
        finally:
            self._timeout.reschedule(due + _now() - since)


def _now() -> float:
    return asyncio.get_running_loop().time()
