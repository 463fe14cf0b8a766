"""What such an engine asks of the client for its upstream's own words, and what it hears from it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.spec import VideoSpec
from filmgate.core.submission import Outcome, Terms
from filmgate.engines.upstream.pacing import Pace


class UpstreamAway(EngineUnavailable):
    """No answer, or none that says anything of the job. `retry_after` is what the upstream asked for."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class JobUnknown(EngineUnavailable):
    """The upstream says that it has no job of this id."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made, and the pictures to make it from."""

    spec: VideoSpec
    references: tuple[Path, ...]


class JobState(Enum):
    """Where a job stands."""

    RUNNING = auto()
    COMPLETED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One look at a job. `failure` is set when it failed; `look_after` is when the upstream wants the next look."""

    state: JobState
    percent: float = 0.0
    failure: EngineFailed | None = None
    look_after: timedelta | None = None


class Upstream(Protocol):
    """Calls to one upstream under one set of terms. Every call has a time limit of its own."""

    async def submit(self, order: Order, *, key: str) -> Outcome:
        """Send the job once. Raises nothing: an answer that did not come is an outcome too."""

    async def look_up(self, order: Order, *, since: datetime) -> tuple[str, ...]:
        """The ids of jobs made since then that could be this one. Raises UpstreamAway."""

    async def look_at(self, upstream_id: str) -> Sighting:
        """Raises UpstreamAway, JobUnknown."""

    async def fetch(self, upstream_id: str, target: Path) -> None:
        """Write the finished film to the file. Raises EngineError."""

    async def stop(self, upstream_id: str) -> None:
        """Have the job stopped and removed; one that is gone is fine too. Raises UpstreamAway."""


Reach = Callable[[Terms], Upstream]
"""Raises EngineUnavailable where the terms name a credential that is not configured any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an attempt waits for what: between looks `share_of_age` of the job's age, `away_limit` for an upstream or a database that is away, `unknown_limit`
    looks in a row for a job that was there, `leave_limit` for the answer to a post when its attempt has to end."""

    first_look: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=1)
    share_of_age: float = 0.05
    away_limit: timedelta = timedelta(minutes=5)
    unknown_limit: int = 8
    look_up_pauses: tuple[timedelta, ...] = (
        timedelta(seconds=1),
        timedelta(seconds=5),
        timedelta(seconds=15),
    )
    leave_limit: timedelta = timedelta(seconds=5)
    longest_asked: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """An engine's way to its upstream."""

    terms: Terms
    reach: Reach
    patience: Patience
    pace: Pace
