"""Looks at the jobs of one upstream: the older the rarer, and never too many of them together."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from filmgate.engines.upstream.calls import Patience
from filmgate.engines.upstream.following import _Looks
from filmgate.engines.upstream.pacing import Pace


@pytest.mark.parametrize(
    ("age", "pause"),
    [(0, 1), (10, 1), (60, 3), (600, 30), (86_400, 60), (-5, 1)],
)
def test_the_pause_is_a_share_of_the_jobs_age(age: int, pause: int) -> None:
    """Also where its age is unknown, since a clock was set back."""
    looks = _Looks(Patience(), datetime.now(UTC) - timedelta(seconds=age))
    assert looks.usual_pause().total_seconds() == pytest.approx(pause, rel=0.01)


async def looks_within(pace: Pace, pause: timedelta, *, jobs: int, seconds: float) -> int:
    """How many looks so many jobs come to."""
    count = 0

    async def follow() -> None:
        nonlocal count
        while True:
            await pace.rest(pause)
            count += 1

    async with asyncio.TaskGroup() as work:
        following = [work.create_task(follow()) for _ in range(jobs)]
        await asyncio.sleep(seconds)
        for task in following:
            task.cancel()
    return count


async def test_all_jobs_together_are_looked_at_no_more_often_than_they_may_be() -> None:
    """A thousand that would each come ten times a second; a slow machine looks less often still."""
    pace = Pace(looks_per_second=100)
    assert await looks_within(pace, timedelta(milliseconds=100), jobs=1_000, seconds=2) < 400


async def test_few_jobs_pause_for_as_long_as_they_say() -> None:
    pace = Pace(looks_per_second=1_000)
    assert 0 < await looks_within(pace, timedelta(milliseconds=50), jobs=2, seconds=1) <= 46


async def test_nothing_is_left_over_of_jobs_that_have_ended() -> None:
    pace = Pace(looks_per_second=10)
    await looks_within(pace, timedelta(milliseconds=10), jobs=500, seconds=0.2)
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(30):
        await pace.rest(timedelta(milliseconds=200))
    assert asyncio.get_running_loop().time() - began > 0.15


async def test_those_that_begin_together_do_not_look_together() -> None:
    pace, ends = Pace(looks_per_second=10_000), []

    async def begin() -> None:
        await pace.rest(timedelta(seconds=1), is_first=True)
        ends.append(asyncio.get_running_loop().time())

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(begin() for _ in range(200)))
    assert min(ends) - began < 0.5
    assert max(ends) - min(ends) > 0.5
