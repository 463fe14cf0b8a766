"""The intake of one engine elsewhere: how many more of its videos this worker may take now.

It takes no more than it can soon submit, so that the others wait in the line, where they are in order, and where
other workers find them. When the engine is busy it waits, and then begins with a single one again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from filmgate.core.ports import Seats

STARTING = 64
"""Taken, and not yet known to be accepted."""

BUSY_PAUSE = timedelta(seconds=5)
SHORTEST_BUSY_PAUSE = timedelta(seconds=1)
LONGEST_BUSY_PAUSE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class Intake:
    """Times are those of the event loop. `on_room` is called when there may be room for another one."""

    seats: Seats
    on_room: Callable[[], None]
    held: int = 0
    starting: int = 0
    at_once: int = STARTING
    closed_until: float = 0.0
    closed_times: int = 0
    pause: timedelta = BUSY_PAUSE

    def room(self, now: float) -> int:
        room = self.at_once - self.starting
        # A quarter at least: one by one, each claim would cost as much as all of them.
        if now < self.closed_until or 4 * room < self.at_once:
            return 0
        if self.seats.most is not None:
            room = min(room, self.seats.most - self.held)
        return max(0, room)

    def take(self) -> int:
        """Return what `accept` wants to know."""
        self.held += 1
        self.starting += 1
        return self.closed_times

    def accept(self, taken: int) -> None:
        """One of those that were starting has its job."""
        self.starting -= 1
        if taken == self.closed_times:  # else it says nothing of how busy the engine is now
            self.at_once = min(2 * self.at_once, STARTING)
            self.pause = BUSY_PAUSE
        self.on_room()

    def leave(self, *, was_accepted: bool) -> None:
        self.held -= 1
        if not was_accepted:
            self.starting -= 1
        self.on_room()

    def close(self, now: float, *, asked: timedelta | None) -> timedelta:
        """The engine takes no more for now. Return for how long nobody need ask it."""
        pause = self._pause(now) if asked is None else _within_reason(asked)
        self.closed_until = max(self.closed_until, now + pause.total_seconds())
        self.closed_times += 1
        self.at_once = 1
        return pause

    def _pause(self, now: float) -> timedelta:
        """Twice as long each time, but for those that hear of it together."""
        if now < self.closed_until:
            return timedelta(seconds=self.closed_until - now)
        pause, self.pause = self.pause, min(2 * self.pause, LONGEST_BUSY_PAUSE)
        return pause


def _within_reason(asked: timedelta) -> timedelta:
    return min(max(asked, SHORTEST_BUSY_PAUSE), LONGEST_BUSY_PAUSE)
