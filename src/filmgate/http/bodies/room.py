"""Room: how many bytes of bodies may lie about at once, for each account and in all."""

from collections import Counter
from datetime import timedelta
from typing import Self

from filmgate.core.account import AccountId
from filmgate.core.errors import RateLimited, ServiceUnavailable

FREE_BYTES = 64 * 1024
"""Of each body: an ordinary create never meets the limits."""

_TRY_AGAIN = timedelta(seconds=2)


class Room:
    """`of_account` bytes for each, `in_all` together."""

    def __init__(self, *, of_account: int, in_all: int) -> None:
        self._of_account = of_account
        self._in_all = in_all
        self._taken: Counter[AccountId] = Counter()
        self.taken_bytes = 0

    def share(self, account_id: AccountId) -> "Share":
        """For one body: whatever it took is free again when the block ends."""
        return Share(self, account_id)

    def take(self, account_id: AccountId, count: int) -> None:
        """Raises RateLimited where the account has no more room, ServiceUnavailable where nobody has."""
        if self._taken[account_id] + count > self._of_account:
            raise RateLimited(
                f"The bodies that this account is sending hold {self._of_account} bytes already;"
                " send fewer at once.",
                retry_after=_TRY_AGAIN,
            )
        if self.taken_bytes + count > self._in_all:
            raise ServiceUnavailable("Too much is being sent to this server at the moment.")
        self._taken[account_id] += count
        self.taken_bytes += count

    def give_back(self, account_id: AccountId, count: int) -> None:
        self.taken_bytes -= count
        self._taken[account_id] -= count
        if not self._taken[account_id]:
            del self._taken[account_id]


class Share:
    """What one body takes of an account's room, until the block ends."""

    __slots__ = ("_account_id", "_room", "_seen", "taken_bytes")

    def __init__(self, room: Room, account_id: AccountId) -> None:
        self._room = room
        self._account_id = account_id
        self._seen = 0
        self.taken_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.taken_bytes:
            self._room.give_back(self._account_id, self.taken_bytes)

    def add(self, count: int) -> None:
        """So many bytes more. Raises as `Room.take`."""
        self._seen += count
        wanted = max(self._seen - FREE_BYTES, 0) - self.taken_bytes
        if wanted > 0:
            self._room.take(self._account_id, wanted)
            self.taken_bytes += wanted
