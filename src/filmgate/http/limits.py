"""How many requests a minute an account may make, and the headers that say so.

Each process counts for itself. The algorithm (GCRA) and its bounded memory are throttled-py's: `limits`, the other
library for this, starts a thread now and then and keeps a list of every request.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from throttled.rate_limiter import per_min
from throttled.rate_limiter.gcra import GCRARateLimiter
from throttled.store import MemoryStore

from filmgate.core.account import Caller
from filmgate.core.errors import RateLimited

_REMEMBERED_ACCOUNTS = 100_000
"""Beyond these, the one that has been silent longest begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is left to an account after a request. `retry_after` is nothing where the request is within the limit."""

    limit: int
    remaining: int
    resets_after: timedelta
    retry_after: timedelta

    @property
    def headers(self) -> Mapping[str, str]:
        """Under the names, and in the notation, that the official clients know."""
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": _span(self.resets_after),
        }

    def check(self) -> None:
        """Raises RateLimited."""
        if self.retry_after:
            raise RateLimited(
                f"This account may make {self.limit} requests a minute, and has.",
                retry_after=self.retry_after,
            )


class RequestRate:
    """`default` is for accounts that have no limit of their own; None is no limit.

    Whoever was silent for a minute may send a minute's requests at once; what is used comes back evenly.
    """

    def __init__(self, default: int | None = None) -> None:
        self._default = default
        self._store = MemoryStore(options={"MAX_SIZE": _REMEMBERED_ACCOUNTS})
        self._limiters: dict[int, GCRARateLimiter] = {}
        """One for each number that an operator has chosen."""

    def count(self, caller: Caller) -> Standing | None:
        """One more request. None where there is no limit."""
        limit = caller.requests_per_minute or self._default
        if limit is None:
            return None
        result = self._limiter(limit).limit(str(caller.account_id))
        state = result.state
        return Standing(
            limit=limit,
            remaining=0 if result.limited else state.remaining,
            resets_after=timedelta(seconds=state.reset_after),
            retry_after=timedelta(seconds=state.retry_after if result.limited else 0),
        )

    def _limiter(self, limit: int) -> GCRARateLimiter:
        if limit not in self._limiters:
            self._limiters[limit] = GCRARateLimiter(per_min(limit), self._store)
        return self._limiters[limit]


def _span(duration: timedelta) -> str:
    """`1m0.5s`, `17.46s` or `120ms`, never less than is left."""
    milliseconds = math.ceil(duration / timedelta(milliseconds=1))
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest / 1_000:g}s"
    return f"{minutes}m{seconds}" if minutes else seconds
