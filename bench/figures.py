"""What was measured, as values: rounds of load, rows of a table, findings beside their goals."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a load generator saw. Times are in milliseconds."""

    seconds: float
    answers: int
    refused: int
    """Answers with a status above 399."""
    broken: int
    """Connections that failed, and answers that did not come in time."""
    p50: float
    p99: float
    longest: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    @property
    def errors(self) -> int:
        return self.refused + self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One target's load, once. `cpu_micros` is the serving process's time for each answer."""

    target: str
    load: Load
    cpu_micros: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A target's median round. `ratio` is the median over pairs of rounds that followed each other."""

    target: str
    rate: float
    p50: float
    p99: float
    cpu_micros: float
    errors: int
    ratio: float | None = None


class Direction(Enum):
    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a number should be. Missing one fails nothing: machines differ."""

    direction: Direction
    bound: float

    def __str__(self) -> str:
        return f"{self.direction.value} {self.bound:g}"

    def is_met_by(self, value: float) -> bool:
        if self.direction is Direction.AT_LEAST:
            return value >= self.bound
        return value <= self.bound


def at_least(bound: float) -> Goal:
    return Goal(Direction.AT_LEAST, bound)


def at_most(bound: float) -> Goal:
    return Goal(Direction.AT_MOST, bound)


@dataclass(frozen=True, slots=True)
class Finding:
    """One number that is not a row of load."""

    what: str
    value: float
    unit: str = ""
    goal: Goal | None = None

    @property
    def is_reached(self) -> bool | None:
        return None if self.goal is None else self.goal.is_met_by(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long something took, in milliseconds, and how long each of these should take at most."""

    what: str
    count: int
    p50: float
    p99: float
    longest: float
    bounds: Mapping[str, float]

    @property
    def is_reached(self) -> bool | None:
        if not self.bounds:
            return None
        values = {"p50": self.p50, "p99": self.p99, "longest": self.longest}
        return all(values[name] <= bound for name, bound in self.bounds.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a scenario found. `notes` say what a reader must know to believe it."""

    rows: Sequence[Row] = ()
    timings: Sequence[Timing] = ()
    findings: Sequence[Finding] = ()
    rounds: Sequence[Round] = ()
    notes: Sequence[str] = field(default=())


def rows_of(rounds: Sequence[Round], *, reference: str) -> list[Row]:
    """A row for each target, in the order in which they were measured."""
    targets = list(dict.fromkeys(each.target for each in rounds))
    return [_row(target, rounds, reference=reference) for target in targets]


def row_named(rows: Iterable[Row], target: str) -> Row:
    return next(row for row in rows if row.target == target)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of them that is not below that share of them all."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def timing(what: str, millis: Sequence[float], **bounds: float) -> Timing:
    """Of many times; `bounds` are goals by the name of what they bound: p50, p99 or longest."""
    return Timing(
        what=what,
        count=len(millis),
        p50=quantile(millis, 0.5),
        p99=quantile(millis, 0.99),
        longest=max(millis),
        bounds=bounds,
    )


def _row(target: str, rounds: Sequence[Round], *, reference: str) -> Row:
    own = [each for each in rounds if each.target == target]
    return Row(
        target=target,
        rate=statistics.median(each.load.rate for each in own),
        p50=statistics.median(each.load.p50 for each in own),
        p99=statistics.median(each.load.p99 for each in own),
        cpu_micros=statistics.median(each.cpu_micros for each in own),
        errors=sum(each.load.errors for each in own),
        ratio=_ratio(own, [each for each in rounds if each.target == reference]),
    )


def _ratio(own: Sequence[Round], others: Sequence[Round]) -> float | None:
    """None where there is nothing to compare with."""
    ratios = [
        mine.load.rate / theirs.load.rate
        for mine, theirs in zip(own, others, strict=False)
        if theirs.load.answers
    ]
    return statistics.median(ratios) if ratios else None
