"""The one line of figures that a run ends with."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.journal import Accepted, Entry, Fetched, Refused, Told, Unanswered
from tests.chaos.plan import Kind, Plan
from tests.chaos.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What happened, counted. `strays` are those before and after the server's own sweep."""

    plan: Plan
    faults: Mapping[Kind, int]
    longest_outage: float
    drained_in: float
    strays: tuple[int, int]
    journal: Counter[type[Entry]]
    replays: int
    statuses: Counter[str]
    deleted: int
    attempts: int

    def line(self) -> str:
        """Name and number, pair by pair."""
        pairs = {
            "shape": self.plan.shape,
            "seconds": f"{self.plan.seconds:g}",
            "seed": self.plan.seed,
            "created": sum(self.statuses.values()),
            "completed": self.statuses["completed"],
            "failed": self.statuses["failed"],
            "cancelled": self.statuses["cancelled"],
            "deleted": self.deleted,
            "attempts": self.attempts,
            "answers-lost": self.journal[Unanswered],
            "replays": self.replays,
            "refused": self.journal[Refused],
            "downloads": self.journal[Fetched],
            "webhooks": self.journal[Told],
            **{str(kind): number for kind, number in sorted(self.faults.items())},
            "longest-outage": f"{self.longest_outage:.1f}s",
            "drained-in": f"{self.drained_in:.1f}s",
            "strays": f"{self.strays[0]}>{self.strays[1]}",
        }
        return " ".join(f"{name}={value}" for name, value in pairs.items())


def figures_of(
    plan: Plan,
    *,
    journal: list[Entry],
    records: Records,
    faults: Mapping[Kind, int],
    longest_outage: float,
    drained_in: float,
    strays: tuple[int, int],
) -> Figures:
    return Figures(
        plan=plan,
        faults=faults,
        longest_outage=longest_outage,
        drained_in=drained_in,
        strays=strays,
        journal=Counter(type(entry) for entry in journal),
        replays=sum(isinstance(entry, Accepted) and entry.is_replay for entry in journal),
        statuses=Counter(video.status for video in records.videos),
        deleted=sum(video.is_deleted for video in records.videos),
        attempts=sum(video.attempt for video in records.videos),
    )
