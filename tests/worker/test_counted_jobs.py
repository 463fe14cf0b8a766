"""Periodic jobs, and what is told of their runs."""

import asyncio
import time
from datetime import timedelta

import pytest

from filmgate.metrics import counts
from filmgate.worker.counted_jobs import counted
from filmgate.worker.periodic import PeriodicJob

EVERY = timedelta(hours=1)


async def test_a_run_that_succeeds_says_when() -> None:
    async def work() -> int:
        return 7

    before = time.time()
    assert await counted(PeriodicJob("good", EVERY, work)).run() == 7
    assert counts.job_runs.read()["good", "done"] == 1
    assert before <= counts.job_succeeded_at.read()[("good",)] <= time.time()
    assert sum(counts.job_seconds.of("good").counts) == 1


async def test_a_run_that_fails_is_no_success() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await counted(PeriodicJob("bad", EVERY, work)).run()
    assert counts.job_runs.read()["bad", "failed"] == 1
    assert ("bad",) not in counts.job_succeeded_at.read()


async def test_a_run_that_is_cut_short_is_no_failure() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await counted(PeriodicJob("cut", EVERY, asyncio.Event().wait)).run()
    assert counts.job_runs.read()["cut", "stopped"] == 1
