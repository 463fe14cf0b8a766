"""Ten thousand videos that one worker has made by a slow upstream: memory, CPU, and how soon it hears of a change."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import Any

import asyncpg
import psutil

from bench.figures import Finding, Report, at_most, timing
from bench.processes import BenchmarkFailed, ask, child, cpu_seconds, hear, module
from bench.rounds import note
from bench.seeds import PROMPT, add_customers
from bench.stage import COMMAND, Stage, surroundings
from filmgate.core.account import AccountId
from filmgate.core.video import VideoId, new_video_id
from filmgate.database import notices
from filmgate.database.connection import Database
from filmgate.usecases import videos
from tests.scripted_engine import write_sample

VIDEOS = 10_000
SUBMITTED = 1_000
"""So many in the quick mode; an earlier worker has submitted the others."""

CANCELLED = 20
PATIENCE = 600.0

CONFIG = """
[engines.slow]
kind = "videos_api"
url = "{url}"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What one round plays with."""

    stage: Stage
    account_id: AccountId
    upstream: "Popen[str]"
    url: str

    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(ask(self.upstream, "counts"))
        return found

    def status(self, status: str) -> int:
        count: int = asyncio.run(
            self._fetch("select count(*) from video where status = $1", status)
        )
        return count

    def attempts(self) -> int:
        """How many are followed by the third worker."""
        count: int = asyncio.run(
            self._fetch("select count(*) from video where status = 'in_progress' and attempt = 3")
        )
        return count

    async def _fetch(self, query: str, *values: object) -> Any:
        connection = await asyncpg.connect(self.stage.dsn)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close()


def measure(stage: Stage, *, count: int = VIDEOS) -> Report:
    """Submit, follow, cancel, leave, come back, die, be succeeded, and finish all that is left."""
    fresh = count if stage.effort.is_full else min(count, SUBMITTED)
    settling, seconds = (120, 60) if stage.effort.is_full else (30, 20)
    [customer] = asyncio.run(add_customers(stage.dsn, 1))
    with ExitStack() as stack:
        upstream = stack.enter_context(
            module("bench.references.slow_upstream", cores=stage.cores.load)
        )
        site = Site(stage, customer.account_id, upstream, f"http://127.0.0.1:{hear(upstream)}")
        (stage.folder / "filmgate.toml").write_text(CONFIG.format(url=site.url))
        findings = []
        with working(stage) as worker:
            findings += _submit(site, worker, fresh)
            asyncio.run(_ask_for(site, count - fresh, is_submitted=True))
            _until(lambda: site.status("in_progress") == count, "all are followed")
            note(f"  settling for {settling} s")
            time.sleep(settling)
            findings += _follow(site, worker, seconds=seconds)
            cancels = asyncio.run(_cancel(site))
            findings += _leave(site, worker, count)
        with working(stage) as worker:
            findings += _come_back(site, fresh)
            if stage.effort.is_full:
                worker.kill()
        if stage.effort.is_full:
            findings += _succeed_and_finish(site, count)
    return Report(
        findings=findings,
        timings=[timing("cancel → the upstream is told", cancels, p99=2_000)],
        notes=(
            f"One `filmgate worker`, {count:,} videos, and an upstream that finishes none before the end.",
            f"CPU and looks are over {seconds} s, {settling} s after the last submission.",
        ),
    )


@contextmanager
def working(stage: Stage) -> Iterator[psutil.Process]:
    """A worker process, on the API's core."""
    with (
        (stage.folder / "worker.log").open("ab") as errors,
        child(
            [COMMAND, "worker", "--data", stage.data],
            cores=stage.cores.api,
            folder=stage.folder,
            environment=surroundings(stage.folder),
            stderr=errors,
        ) as process,
    ):
        if "filmgate worker" not in hear(process):
            raise BenchmarkFailed("The worker did not start.")
        yield psutil.Process(process.pid)


def _submit(site: Site, worker: psutil.Process, count: int) -> list[Finding]:
    before, began = cpu_seconds(worker), time.monotonic()
    asyncio.run(_ask_for(site, count))
    _until(lambda: site.counts()["created"] == count, "all are submitted")
    took, used = time.monotonic() - began, cpu_seconds(worker) - before
    return [
        Finding("videos submitted", count / took, "/s"),
        Finding("worker's CPU for each of these", used / count * 1e3, "ms"),
    ]


def _follow(site: Site, worker: psutil.Process, *, seconds: int) -> list[Finding]:
    looks, before = site.counts()["looks"], cpu_seconds(worker)
    time.sleep(seconds)
    used = cpu_seconds(worker) - before
    looked = site.counts()["looks"] - looks
    memory = worker.memory_full_info()
    return [
        Finding("in flight", site.status("in_progress")),
        Finding("worker, PSS", memory.pss / 1e6, "MB", at_most(300)),
        Finding("worker, RSS", memory.rss / 1e6, "MB"),
        Finding("worker, CPU of a core", used / seconds * 100, "%", at_most(20)),
        Finding("looks at jobs", looked / seconds, "/s"),
    ]


async def _cancel(site: Site) -> list[float]:
    """In milliseconds, from the cancel's commit until the upstream was told."""
    database = await Database.open(site.stage.dsn, max_connections=2)
    try:
        cancelled = await _cancel_some(database, site)
    finally:
        await database.aclose()
    _until(lambda: cancelled.keys() <= site.counts()["stopped"].keys(), "the cancelled are stopped")
    stopped = site.counts()["stopped"]
    return [(stopped[job] - at) * 1e3 for job, at in cancelled.items()]


async def _cancel_some(database: Database, site: Site) -> dict[str, float]:
    """By job, and when."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "select id, token->>'id' as job from video where status = 'in_progress' order by id limit $1",
            CANCELLED,
        )
    cancelled = {}
    for row in rows:
        await videos.cancel(database, row["id"], account_id=site.account_id)
        cancelled[row["job"]] = time.monotonic()
        await asyncio.sleep(0.37)  # at any phase of the worker's beats
    return cancelled


def _leave(site: Site, worker: psutil.Process, count: int) -> list[Finding]:
    began = time.monotonic()
    worker.terminate()
    worker.wait(PATIENCE)
    took = time.monotonic() - began
    return [
        Finding("SIGTERM → the worker is gone", took, "s", at_most(10)),
        Finding("of its videos not handed back", site.status("in_progress"), "", at_most(0)),
        Finding(
            "videos lost on the way", count - CANCELLED - site.status("queued"), "", at_most(0)
        ),
    ]


def _come_back(site: Site, submitted: int) -> list[Finding]:
    began = time.monotonic()
    _until(lambda: site.status("queued") == 0, "all are taken again")
    took = time.monotonic() - began
    return [
        Finding("start → all are followed again", took, "s"),
        Finding("videos submitted twice", site.counts()["created"] - submitted, "", at_most(0)),
    ]


def _succeed_and_finish(site: Site, count: int) -> list[Finding]:
    left = count - CANCELLED
    began = time.monotonic()
    with working(site.stage) as worker:
        _until(lambda: site.attempts() == left, "the dead worker's videos are taken over")
        took = time.monotonic() - began
        film = site.stage.folder / "film.mp4"
        write_sample(film)
        ask(site.upstream, f"finish {film}")
        before, began = cpu_seconds(worker), time.monotonic()
        time.sleep(60)
        done = site.status("completed")
        used, seconds = cpu_seconds(worker) - before, time.monotonic() - began
        peak = worker.memory_full_info().pss
    counts = site.counts()
    return [
        Finding("kill -9 → all are followed by another worker", took, "s", at_most(90)),
        Finding("videos submitted twice after that", counts["created"] - count, "", at_most(0)),
        Finding(
            "films fetched, pictured and stored when all are finished at once", done / seconds, "/s"
        ),
        Finding("worker, CPU of a core meanwhile", used / seconds * 100, "%"),
        Finding("worker, PSS meanwhile", peak / 1e6, "MB", at_most(300)),
        Finding("films on their way at once", counts["most_downloads"], "", at_most(8)),
    ]


async def _ask_for(site: Site, count: int, *, is_submitted: bool = False) -> None:
    """As creates would have, but faster; and an earlier worker, which has handed them back."""
    connection = await asyncpg.connect(site.stage.dsn)
    try:
        now = await connection.fetchval("select now()")
        ids: list[VideoId] = sorted(new_video_id(now) for _ in range(count))
        await connection.execute(
            """
            insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds,
                               created_at, fair_start, fair_cost, is_admitted, attempt, token)
            select id, $2, 'openai', 'sora-2', 'slow', $3 || number, 1280, 720, 8, now(), number * 8000000,
                   8000000, true, case when $4 then 1 else 0 end,
                   case when $4 then jsonb_build_object(
                       'intent', id, 'id', 'earlier_' || id, 'intended_at', now(), 'upstream', 'slow',
                       'url', $5::text, 'charges', 'yes', 'can_list', 'no') end
            from unnest($1::text[]) with ordinality as each (id, number)
            """,
            ids,
            site.account_id,
            PROMPT,
            is_submitted,
            site.url,
        )
        await notices.call_workers(connection)
    finally:
        await connection.close()


def _until(is_so: Callable[[], bool], what: str) -> None:
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > PATIENCE:
            raise BenchmarkFailed(f"In vain waited for this: {what}.")
        time.sleep(0.2)
