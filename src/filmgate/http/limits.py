"""How many requests a minute an account may make, and the headers that say so.

Each process counts for itself, with the generic cell rate algorithm (GCRA, ITU-T I.371): one number an account, and
no timers. It is written out here because every poll pays for it: throttled-py, which did this before, took three
times as long, which was a third of a whole poll.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from filmgate.core.account import AccountId, Caller
from filmgate.core.errors import RateLimited

_MINUTE = 60.0

_REMEMBERED_ACCOUNTS = 100_000
"""Beyond these, the one that has been silent longest begins anew."""


class Standing(NamedTuple):
    """What is left to an account after a request; in seconds, when all of it will be there again, and when the next
    request may come, which is zero where this one is within the limit.
    """

    limit: int
    remaining: int
    resets_after: float
    retry_after: float

    @property
    def is_over(self) -> bool:
        return self.retry_after > 0

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
        if self.is_over:
            raise RateLimited(
                f"This account may make {self.limit} requests a minute, and has.",
                retry_after=timedelta(seconds=self.retry_after),
            )


class RequestRate:
    """`default` is for accounts that have no limit of their own; None is no limit.

    Whoever was silent for a minute may send a minute's requests at once; what is used comes back evenly.
    """

    def __init__(
        self, default: int | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._default = default
        self._clock = clock
        self._used_up_until: OrderedDict[AccountId, float] = OrderedDict()
        """When all that an account has used will have come back."""

    def count(self, caller: Caller) -> Standing | None:
        """One more request. None where there is no limit."""
        limit = caller.requests_per_minute or self._default
        if limit is None:
            return None
        now, each = self._clock(), _MINUTE / limit
        used = max(self._used_up_until.get(caller.account_id, now) - now, 0.0)
        wait = used + each - _MINUTE
        # A millionth of a second is what the clock's own numbers leave out.
        if wait > 1e-6:
            return Standing(limit, 0, resets_after=used, retry_after=wait)
        self._note(caller.account_id, now + used + each)
        left = int((_MINUTE - used - each) / each + 1e-6)
        return Standing(limit, left, resets_after=used + each, retry_after=0.0)

    def _note(self, account_id: AccountId, until: float) -> None:
        self._used_up_until[account_id] = until
        self._used_up_until.move_to_end(account_id)
        if len(self._used_up_until) > _REMEMBERED_ACCOUNTS:
            self._used_up_until.popitem(last=False)


def _span(duration: float) -> str:
    """Seconds as `1m0.5s`, `17.46s` or `120ms`, never less than is left."""
    milliseconds = math.ceil(duration * 1_000)
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest / 1_000:g}s"
    return f"{minutes}m{seconds}" if minutes else seconds
