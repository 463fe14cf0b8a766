"""The scenarios by name, in the order in which they run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final, cast

from bench.figures import Report
from bench.stage import Stage


@dataclass(frozen=True, slots=True)
class Scenario:
    """`title` is its section's. One that takes very long runs only when it is named."""

    title: str
    module: str
    is_by_name_only: bool = False

    def measure(self, stage: Stage) -> Report:
        """Imported only now: each stands on other parts of filmgate, and most runs are of one or two."""
        found = import_module(self.module)
        return cast("Callable[[Stage], Report]", found.measure)(stage)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "polls": Scenario("Polls", "bench.scenarios.polls"),
    "mixed": Scenario("Mixed", "bench.scenarios.mixed"),
    "creates": Scenario("Creates", "bench.scenarios.creates"),
    "latency": Scenario("Latency", "bench.scenarios.latency"),
    "waiting": Scenario("Waiting", "bench.scenarios.waiting"),
    "files": Scenario("Files", "bench.scenarios.files"),
    "small": Scenario("Small", "bench.scenarios.small"),
    "upstreams": Scenario("Upstreams", "bench.upstreams", is_by_name_only=True),
    "scale": Scenario("Scale", "bench.scenarios.scale", is_by_name_only=True),
}
