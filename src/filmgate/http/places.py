"""Places: how much that takes long an account may have under way at once in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from filmgate.core.account import AccountId
from filmgate.core.errors import RateLimited

_TRY_AGAIN = timedelta(seconds=10)


class Places:
    """So many for each account. `what` they are for, in the plural, is told to whoever gets none."""

    def __init__(self, limit: int, *, what: str) -> None:
        self._limit = limit
        self._what = what
        self._taken: Counter[AccountId] = Counter()

    def has_one(self, account_id: AccountId) -> bool:
        return self._taken[account_id] < self._limit

    @contextmanager
    def taken(self, account_id: AccountId) -> Iterator[None]:
        """Raises RateLimited when there is none left."""
        if not self.has_one(account_id):
            raise RateLimited(
                f"This account has {self._limit} {self._what} open already; let one end first.",
                retry_after=_TRY_AGAIN,
            )
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]
