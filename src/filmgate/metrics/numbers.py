"""What is counted, as plain numbers: to add one costs a fraction of a microsecond and needs no library.

Each knows what it is called outside, in the words that Prometheus expects. One process has one set: `counts.py`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock

Values = tuple[str, ...]
"""Of a metric's labels, in their order."""

Read = Callable[[], Mapping[Values, float]]


class Metric:
    """A name, what it tells, and the labels by which it is told apart. Their values must be few."""

    def __init__(self, name: str, help_: str, *labels: str) -> None:
        self.name = name
        self.help = help_
        self.labels = labels


class Tally(Metric):
    """How often something happened since the process began. Any thread may add."""

    def __init__(self, name: str, help_: str, *labels: str) -> None:
        super().__init__(name, help_, *labels)
        self._lock = Lock()
        self._counts: dict[Values, int] = {} if labels else {(): 0}

    def add(self, *values: str, count: int = 1) -> None:
        with self._lock:
            self._counts[values] = self._counts.get(values, 0) + count

    def read(self) -> Mapping[Values, float]:
        with self._lock:
            return dict(self._counts)


class Level(Metric):
    """What something amounts to now, as it was set last."""

    def __init__(self, name: str, help_: str, *labels: str) -> None:
        super().__init__(name, help_, *labels)
        self._levels: dict[Values, float] = {}

    def set(self, value: float, *values: str) -> None:
        self._levels[values] = value

    def read(self) -> Mapping[Values, float]:
        return dict(self._levels)


class Reading(Metric):
    """What is read where it is known, when it is asked for. Nothing where nobody knows it."""

    def __init__(self, name: str, help_: str, *labels: str, read: Read | None = None) -> None:
        super().__init__(name, help_, *labels)
        self._known_by = read

    @contextmanager
    def known_by(self, read: Read) -> Iterator[None]:
        """Within the block. Of two at once, the later."""
        before, self._known_by = self._known_by, read
        try:
            yield
        finally:
            self._known_by = before

    def read(self) -> Mapping[Values, float]:
        return {} if self._known_by is None else self._known_by()


class Durations:
    """How long something took, in buckets: `counts` has one more than `bounds`. For one thread."""

    __slots__ = ("bounds", "counts", "seconds")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.seconds = 0.0

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds

    def add(self, other: "Durations") -> None:
        """As if all that the other noted had been noted here. Both have the same bounds."""
        self.counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds


class Timing(Metric):
    """Durations by label. `bounds` are the buckets' upper ends, in seconds."""

    def __init__(self, name: str, help_: str, *labels: str, bounds: Sequence[float]) -> None:
        super().__init__(name, help_, *labels)
        self._bounds = bounds
        self._durations: dict[Values, Durations] = {}

    def of(self, *values: str) -> Durations:
        """Always the same for the same values."""
        if values not in self._durations:
            self._durations[values] = Durations(self._bounds)
        return self._durations[values]

    def read(self) -> Mapping[Values, Durations]:
        return dict(self._durations)
