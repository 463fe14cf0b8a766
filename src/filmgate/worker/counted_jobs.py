"""A periodic job that counts its runs. Whose turn it was not is no run."""

import asyncio
import time
from dataclasses import replace

from filmgate.metrics import counts
from filmgate.worker.periodic import PeriodicJob


def counted(job: PeriodicJob) -> PeriodicJob:
    """The same job; how its runs end, how long they take and when the last one succeeded is told."""

    async def run() -> object:
        began, outcome = time.perf_counter(), "failed"
        try:
            result = await job.run()
            outcome = "done"
        except asyncio.CancelledError:
            outcome = "stopped"
            raise
        finally:
            counts.job_runs.add(job.name, outcome)
            counts.job_seconds.of(job.name).note(time.perf_counter() - began)
        counts.job_succeeded_at.set(time.time(), job.name)
        return result

    return replace(job, run=run)
