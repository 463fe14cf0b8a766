"""The limit of a render's time: what it counts, and what not. However slow the machine is: it ends between two steps."""

import asyncio
from datetime import timedelta

import pytest

from filmgate.usecases.time_limit import TimeLimit

SOON = timedelta(milliseconds=50)


async def pass_time() -> None:
    await asyncio.sleep(3 * SOON.total_seconds())


async def never_end(limit: TimeLimit) -> None:
    with limit.paused():
        await pass_time()
    await asyncio.Event().wait()


async def test_whoever_takes_longer_is_stopped() -> None:
    limit = TimeLimit(SOON)
    with pytest.raises(TimeoutError):
        async with limit.applied():
            await asyncio.Event().wait()
    assert limit.is_over


async def test_a_pause_does_not_count() -> None:
    limit = TimeLimit(SOON)
    async with limit.applied():
        with limit.paused():
            await pass_time()
    assert not limit.is_over


async def test_after_a_pause_the_time_goes_on() -> None:
    limit = TimeLimit(SOON)
    with pytest.raises(TimeoutError):
        async with limit.applied():
            await never_end(limit)
    assert limit.is_over


async def test_a_timeout_from_within_is_not_the_limits() -> None:
    limit = TimeLimit(timedelta(minutes=1))
    with pytest.raises(TimeoutError):
        async with limit.applied():
            raise TimeoutError
    assert not limit.is_over


async def test_before_it_is_applied_there_is_nothing_to_pause() -> None:
    limit = TimeLimit(SOON)
    with limit.paused():
        await pass_time()
    assert not limit.is_over
