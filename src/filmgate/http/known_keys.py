"""Known keys: whose they were when they were looked at last, and for how long that is believed.

All keys that are in use are looked at again together, twice a second, instead of each with each request; so a key
that was revoked is refused within a second, and while the database is away no key is believed for long.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import NoReturn

import structlog
from cachetools import LRUCache

from filmgate.core.account import Caller
from filmgate.core.errors import DatabaseUnavailable
from filmgate.database.connection import Database
from filmgate.usecases import accounts

LOOK_AGAIN = timedelta(milliseconds=500)
BELIEVED_FOR = timedelta(seconds=2)
"""Without a look that succeeds."""

LOOKED_AT_FOR = timedelta(minutes=1)
"""After its last use: clients ask every two seconds or so."""

REMEMBERED = 10_000
_BATCH = 1_000

log = structlog.get_logger("filmgate.http")


class KnownKeys:
    """By digest. Nothing is believed unless `run` is running."""

    def __init__(
        self, *, remembered: int = REMEMBERED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._known: LRUCache[bytes, Caller] = LRUCache(remembered)
        self._believed: dict[bytes, tuple[Caller, float]] = {}
        """And until when."""
        self._used_at: dict[bytes, float] = {}
        self._is_running = False

    @property
    def believed_count(self) -> int:
        """Of the keys that are looked at again and again."""
        return len(self._believed)

    def __contains__(self, secret: bytes) -> bool:
        return secret in self._known

    def recall(self, secret: bytes) -> Caller | None:
        """Whose key it was when it was looked at last. Proves nothing: it may have been revoked since."""
        return self._known.get(secret)

    def believe(self, secret: bytes) -> Caller | None:
        """Whose key it is, if that need not be asked."""
        known, now = self._believed.get(secret), self._clock()
        if known is None or known[1] < now:
            return None
        self._used_at[secret] = now
        return known[0]

    def note(self, secret: bytes, caller: Caller, *, looked_at: float) -> None:
        """It was good at that moment."""
        self._known[secret] = caller
        if self._is_running and self._has_room_for(secret):
            self._believe(secret, caller, looked_at=looked_at)
            self._used_at[secret] = looked_at

    def forget(self, secret: bytes) -> None:
        """It is no key any more."""
        self._known.pop(secret, None)
        self._let_go(secret)

    async def run(self, database: Database) -> NoReturn:
        """Look again and again, until cancelled."""
        self._is_running = True
        try:
            while True:
                await asyncio.sleep(LOOK_AGAIN.total_seconds())
                try:
                    await self._look_again(database)
                except DatabaseUnavailable:
                    log.info("database away, keys are believed a little longer")
                except Exception:
                    # Then none is believed before long, and each is looked at with its request.
                    log.exception("keys could not be looked at again")
        finally:
            self._is_running = False
            self._believed.clear()
            self._used_at.clear()

    async def _look_again(self, database: Database) -> None:
        silent_since = self._clock() - LOOKED_AT_FOR.total_seconds()
        for secret in [each for each, at in self._used_at.items() if at < silent_since]:
            self._let_go(secret)
        rest = iter(list(self._believed))
        while batch := list(islice(rest, _BATCH)):
            began = self._clock()
            callers = await accounts.find_callers(database, batch)
            for secret in batch:
                if secret in callers:
                    self._known[secret] = callers[secret]
                    self._believe(secret, callers[secret], looked_at=began)
                else:
                    self.forget(secret)

    def _has_room_for(self, secret: bytes) -> bool:
        return secret in self._believed or len(self._believed) < self._known.maxsize

    def _believe(self, secret: bytes, caller: Caller, *, looked_at: float) -> None:
        self._believed[secret] = caller, looked_at + BELIEVED_FOR.total_seconds()

    def _let_go(self, secret: bytes) -> None:
        self._believed.pop(secret, None)
        self._used_at.pop(secret, None)
