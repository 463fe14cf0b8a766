"""Start-time fair queueing: who goes next when many accounts want more than there is.

Each engine has a clock, which is the start tag of the video begun last. A new video's start is the clock, or
where its account's earlier ones end if that is later; it moves its account's end back by its cost, divided by
the account's weight. Whoever has the lowest start goes next, so a flood only ever queues behind itself.

Goyal, Vin, Cheng: Start-Time Fair Queueing, 1996.
"""

from dataclasses import dataclass
from typing import Final

from filmgate.core.pricing import billable_seconds
from filmgate.core.spec import VideoSpec

TICKS_PER_SECOND: Final = 1_000_000
"""Of film, at weight 1. Tags are bigints: 2,900 years of film for every account."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a video comes to the line with: its cost, and whether its account's limit lets it in."""

    cost: int
    is_admitted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A video's start tag and cost. Only what is admitted stands in the line."""

    start: int
    cost: int
    is_admitted: bool = True


def cost(spec: VideoSpec, *, weight: int) -> int:
    """How far the video moves its account back, in ticks: what has to be made, not how hard it is."""
    return max(1, round(max(billable_seconds(spec), 1.0) * TICKS_PER_SECOND / weight))
