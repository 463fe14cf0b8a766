"""Requests, counted by what was asked and how it was answered. On the event loop alone: there are no locks."""

from collections.abc import Mapping
from typing import Final

from filmgate.metrics.numbers import Durations, Reading, Timing, Values

UNKNOWN_ROUTE: Final = "unknown"
"""All addresses where nothing is: whoever tries names must not make series."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BOUNDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


class Seen(Durations):
    """Requests for one route, by one method, that were answered with one status.

    `note` takes the seconds from the request's arrival until its answer began.
    """

    __slots__ = ("_untimed",)

    def __init__(self) -> None:
        super().__init__(_BOUNDS)
        self._untimed = 0

    @property
    def count(self) -> int:
        return sum(self.counts) + self._untimed

    def note_untimed(self) -> None:
        """One that took as long as its client wished: how fast we are, it does not say."""
        self._untimed += 1


class RequestMetrics:
    """Counts are told by method, route and status, durations by method and route."""

    def __init__(self) -> None:
        self.in_progress = 0
        self._seen: dict[Values, Seen] = {}
        self.total = Reading(
            "filmgate_http_requests_total",
            "Requests whose answer has begun, and those whose client left before.",
            "method",
            "route",
            "status",
            read=lambda: {values: seen.count for values, seen in self._seen.items()},
        )
        self.seconds = _Seconds(self._seen)
        self.open = Reading(
            "filmgate_http_requests_in_progress",
            "Requests whose answer has not come to its end.",
            read=lambda: {(): self.in_progress},
        )

    def of(self, *, route: str, method: str, status: int | None) -> Seen:
        """Always the same for the same words, so that it can be kept. Without a status: the client left before."""
        method = method if method in _METHODS else "other"
        values = (method, route, "none" if status is None else str(status))
        seen = self._seen.get(values)
        if seen is None:
            seen = self._seen[values] = Seen()
        return seen


class _Seconds(Timing):
    """Those of all statuses together, which are only put together here: noting one has to be quick."""

    def __init__(self, seen: Mapping[Values, Seen]) -> None:
        super().__init__(
            "filmgate_http_request_seconds",
            "From a request's arrival until its answer begins. Without those that asked to wait.",
            "method",
            "route",
            bounds=_BOUNDS,
        )
        self._seen = seen

    def read(self) -> Mapping[Values, Durations]:
        together: dict[Values, Durations] = {}
        for (method, route, _), seen in self._seen.items():
            together.setdefault((method, route), Durations(_BOUNDS)).add(seen)
        return together
