"""Collectors: our numbers as the families of samples that the Prometheus library writes down."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from filmgate.metrics import counts
from filmgate.metrics.numbers import Durations, Level, Reading, Tally, Timing, Values
from filmgate.usecases.depths import Depths


class Counted(Collector):
    """What this process has counted, and what it is."""

    def describe(self) -> Iterator[Metric]:
        return map(_family, counts.ALL)

    def collect(self) -> Iterator[Metric]:
        for metric in counts.ALL:
            family = _family(metric)
            for values, number in metric.read().items():
                _add(family, values, number)
            yield family


class Measured(Collector):
    """What the database told last of the whole system; `depths` is None while it tells nothing."""

    def __init__(self) -> None:
        self.depths: Depths | None = None

    def describe(self) -> Iterator[Metric]:
        return self._families(None)

    def collect(self) -> Iterator[Metric]:
        return self._families(self.depths)

    def _families(self, depths: Depths | None) -> Iterator[Metric]:
        yield _gauge(
            "filmgate_build_info",
            "What runs here.",
            {(version("filmgate"), platform.python_version()): 1},
            "version",
            "python",
        )
        yield _gauge(
            "filmgate_database_up",
            "1 where the database answered within two seconds.",
            {(): 0 if depths is None else 1},
        )
        of_all = {} if depths is None else {(): depths}
        yield _gauge(
            "filmgate_videos_held_back",
            "Queued videos outside of any line: over their account's limit, or between two attempts.",
            {values: each.held_back for values, each in of_all.items()},
        )
        yield _gauge(
            "filmgate_webhook_deliveries_pending",
            "Deliveries that are to be sent, now or later.",
            {values: each.pending_deliveries for values, each in of_all.items()},
        )
        yield from _lines(depths)


def _lines(depths: Depths | None) -> Iterator[Metric]:
    engines = () if depths is None else depths.engines
    yield _gauge(
        "filmgate_videos_queued",
        "Videos in the engine's line.",
        {(each.engine,): each.queued for each in engines},
        "engine",
    )
    yield _gauge(
        "filmgate_videos_running",
        "Videos that are being made.",
        {(each.engine,): each.running for each in engines},
        "engine",
    )
    yield _gauge(
        "filmgate_oldest_queued_seconds",
        "How long the engine's oldest queued video has waited; 0 where none waits.",
        {(each.engine,): each.oldest.total_seconds() for each in engines},
        "engine",
    )


def _gauge(
    name: str, help_: str, numbers: Mapping[Values, float], *labels: str
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=labels)
    for values, number in numbers.items():
        family.add_metric(values, number)
    return family


def _family(metric: Tally | Level | Reading | Timing) -> Metric:
    if isinstance(metric, Timing):
        return HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    if metric.name.endswith("_total"):
        return CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


def _add(family: Metric, values: Values, number: float | Durations) -> None:
    if isinstance(number, Durations):
        assert isinstance(family, HistogramMetricFamily)
        family.add_metric(values, list(_buckets(number)), number.seconds)
    else:
        assert isinstance(family, (CounterMetricFamily, GaugeMetricFamily))
        family.add_metric(values, number)


def _buckets(durations: Durations) -> Iterator[tuple[str, float]]:
    """Each holds those of the smaller ones too."""
    so_far = 0
    ends = (*(str(float(bound)) for bound in durations.bounds), "+Inf")
    for end, count in zip(ends, durations.counts, strict=True):
        so_far += count
        yield end, so_far
