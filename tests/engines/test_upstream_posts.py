"""Posts to one upstream: so many at once, and none waits for another that only waits itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from filmgate.core.errors import EngineUnavailable
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.submission import Accepted, Declined, Doubtful, Outcome, Terms
from filmgate.engines.upstream.calls import Channel, Order, Patience, Sighting
from filmgate.engines.upstream.pacing import Pace
from filmgate.engines.upstream.submitting import submit
from tests.eventually import eventually
from tests.noted_attempt import NotedAttempt, Row

SPEC = VideoSpec(model="m", engine="cloud", prompt="A cat", size=Size(64, 64), seconds=4)
ORDER = Order(SPEC, ())
LONG = timedelta(minutes=1)


class Answers:
    """An upstream that answers posts with these, one after the other, and has never heard of a job."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)

    async def submit(self, order: Order, *, key: str) -> Outcome:
        return self.outcomes.pop(0)

    async def look_up(self, order: Order, *, since: datetime) -> tuple[str, ...]:
        return ()

    async def look_at(self, upstream_id: str) -> Sighting:
        raise AssertionError(upstream_id)

    async def fetch(self, upstream_id: str, target: Path) -> None:
        raise AssertionError(upstream_id)

    async def stop(self, upstream_id: str) -> None:
        raise AssertionError(upstream_id)


def is_declined(row: Row) -> bool:
    return len(row.saves) == 2  # the intent, and its withdrawal


def is_sought(row: Row) -> bool:
    return row.token is not None and "sought" in row.token


@pytest.mark.parametrize(
    ("first", "rests"),
    [
        (Declined(EngineUnavailable("Later."), retry_after=LONG), is_declined),
        (Doubtful("No answer."), is_sought),
    ],
)
async def test_whoever_holds_off_or_looks_for_its_job_keeps_no_other_from_posting(
    first: Outcome, rests: Callable[[Row], bool], tmp_path: Path
) -> None:
    upstream, pace = Answers(first, Accepted("job-1")), Pace(looks_per_second=10)
    pace.posts = asyncio.Semaphore(1)
    channel = Channel(
        terms=Terms(upstream="cloud", url="https://upstream.invalid/v1", can_list=True),
        reach=lambda _: upstream,
        patience=Patience(look_up_pauses=(LONG,), longest_asked=LONG),
        pace=pace,
    )
    row = Row()
    async with asyncio.TaskGroup() as life:
        waiting = life.create_task(
            submit(ORDER, NotedAttempt(row, tmp_path / "one"), channel=channel)
        )

        async def is_resting() -> bool:
            return rests(row)

        await eventually(is_resting)
        async with asyncio.timeout(LONG.total_seconds() / 3):
            made = await submit(ORDER, NotedAttempt(Row(), tmp_path / "other"), channel=channel)
        assert made.upstream_id == "job-1"
        assert not waiting.done()
        waiting.cancel()
