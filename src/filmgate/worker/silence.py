"""Silence: when a worker that was not heard of counts as gone."""

import asyncio
from datetime import timedelta

NEVER = timedelta(days=365)


class Silence:
    """While the database was away nobody could beat: until everybody had time to, nobody is gone."""

    def __init__(self, lost_after: timedelta, *, settling: timedelta | None = None) -> None:
        """For the time of `settling` nobody is, either: before we came, the database may have been away."""
        self._lost_after = lost_after
        self._trust_after(lost_after if settling is None else settling)

    def note_outage(self) -> None:
        self._trust_after(self._lost_after)

    def limit(self) -> timedelta:
        """Whose last sign of life is older is gone."""
        is_trusted = asyncio.get_running_loop().time() >= self._trusted_at
        return self._lost_after if is_trusted else NEVER

    def _trust_after(self, pause: timedelta) -> None:
        self._trusted_at = asyncio.get_running_loop().time() + pause.total_seconds()
