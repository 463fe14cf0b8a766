"""Wrong keys: whoever tries many is answered slower and slower, by address, and without anything being held open."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from cachetools import TTLCache

from filmgate.core.account import Caller, digest
from filmgate.core.errors import RateLimited, Unauthenticated
from filmgate.database.connection import Database
from filmgate.http.known_keys import KnownKeys
from filmgate.usecases import accounts

FREE_TRIES = 20
"""Wrong keys of one address before there is a wait; it doubles with each further one."""

AT_ONCE = 100
"""Different keys of one address that wait for their verdict, as after a restart those of a whole company do."""

LONGEST_WAIT = timedelta(minutes=1)

FORGOTTEN_AFTER = timedelta(minutes=15)
"""Without another one."""

REMEMBERED = 10_000
"""Addresses, and keys: under a spray of either, the ones seen longest ago are forgotten."""

_FIRST_WAIT = timedelta(seconds=1)

_log = structlog.get_logger("filmgate.http")


@dataclass(frozen=True, slots=True)
class _Tries:
    """Of one address. Once it is slowed, `next_at` is when the next key is looked at."""

    wrong: int = 0
    under_way: int = 0
    next_at: float = 0.0

    @property
    def is_slowed(self) -> bool:
        return self.wrong >= FREE_TRIES

    def begin(self, *, at: float) -> "_Tries":
        """Raises RateLimited. The next wait begins before the verdict is there: many at once are no way round it."""
        wait = self.next_at - at if self.is_slowed else 0.0
        if not self.is_slowed and self.under_way >= AT_ONCE:
            wait = _FIRST_WAIT.total_seconds()
        if wait > 0:
            raise RateLimited(
                "Too many unknown API keys came from this address; try again later.",
                retry_after=timedelta(seconds=wait),
            )
        next_at = at + _wait_after(self.wrong + 1) if self.is_slowed else 0.0
        return replace(self, under_way=self.under_way + 1, next_at=next_at)

    def end(self, *, was_wrong: bool, at: float) -> "_Tries":
        under_way = max(self.under_way - 1, 0)
        if not was_wrong:
            return replace(self, under_way=under_way, next_at=at)
        wrong = self.wrong + 1
        return _Tries(wrong, under_way, at + _wait_after(wrong))


class WrongKeys:
    """Recognises keys. One that was good here lately is looked at wherever it comes from: a whole company may share
    the address of somebody who guesses. What is remembered of a key is its digest.
    """

    def __init__(
        self, *, remembered: int = REMEMBERED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._looked_at: set[bytes] = set()
        self.known = KnownKeys(remembered=remembered, clock=clock)
        self._tries: TTLCache[str, _Tries] = TTLCache(
            remembered, FORGOTTEN_AFTER.total_seconds(), timer=clock
        )

    @property
    def address_count(self) -> int:
        """Of those that are remembered for a wrong key."""
        return len(self._tries)

    async def recognise(self, key: str, *, address: str, database: Database) -> Caller:
        """Raises Unauthenticated, or, without a look at the key, RateLimited."""
        secret = digest(key)
        believed = self.known.believe(secret)
        if believed is not None:
            return believed
        began = self._clock()
        if secret in self.known:
            try:
                caller = await accounts.authenticate(database, key)
            except Unauthenticated:
                self.known.forget(secret)
                raise
        else:
            with self._tried(address, secret):
                caller = await accounts.authenticate(database, key)
        # Anew each time: its account's limits may have been changed.
        self.known.note(secret, caller, looked_at=began)
        return caller

    @contextmanager
    def _tried(self, address: str, secret: bytes) -> Iterator[None]:
        if secret in self._looked_at:
            yield  # the same key at once is no further guess
            return
        self._tries[address] = self._of(address).begin(at=self._clock())
        self._looked_at.add(secret)
        was_wrong = False
        try:
            yield
        except Unauthenticated:
            was_wrong = True
            raise
        finally:
            self._looked_at.discard(secret)
            self._end(address, was_wrong=was_wrong)

    def _end(self, address: str, *, was_wrong: bool) -> None:
        before = self._of(address)
        after = before.end(was_wrong=was_wrong, at=self._clock())
        if after.is_slowed and not before.is_slowed:
            _log.warning("somebody tries API keys and is slowed down", address=address)
        if after.wrong or after.under_way:
            self._tries[address] = after
        else:
            self._tries.pop(address, None)

    def _of(self, address: str) -> _Tries:
        return self._tries.get(address, _Tries())


def _wait_after(wrong: int) -> float:
    """Seconds."""
    if wrong < FREE_TRIES:
        return 0.0
    # Beyond ten doublings it is the longest anyhow.
    return min(_FIRST_WAIT * (1 << min(wrong - FREE_TRIES, 10)), LONGEST_WAIT).total_seconds()
