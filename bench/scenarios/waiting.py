"""What thousands of clients cost that do nothing but wait, and how soon they are told."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import Popen
from typing import Final

import asyncpg

from bench.clients.connection import Connection, bearer, post
from bench.clients.waiters import Crowd
from bench.figures import Finding, Report, Timing, at_most, timing
from bench.processes import BenchmarkFailed, ask, cpu_seconds, hear, module
from bench.rounds import note
from bench.seeds import add_customers, add_running
from bench.stage import Server, Stage, serving

KINDS: Final = {"streams": "SSE streams", "polls": "long polls"}
PER_ACCOUNT = 100
"""An account may have so many streams open."""
ENDED = 100
SETTLING_SECONDS = 2
DEADLINE_SECONDS = 30
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Waiter:
    """A client-to-be: its key, and the video that it follows."""

    key: str
    video_id: str


@dataclass(frozen=True, slots=True)
class Waited:
    """What one kind of waiting came to."""

    findings: Sequence[Finding]
    told: Sequence[Timing]


def measure(stage: Stage) -> Report:
    """Five thousand of each kind; a tenth of that where it must be quick."""
    count, seconds = (5_000, 30) if stage.effort.is_full else (500, 3)
    each = [_measure(stage, kind, count=count, seconds=seconds) for kind in KINDS]
    remark = (
        f"Each client follows a video of its own. CPU over {seconds} s in which nothing happens; then"
        f" {ENDED} of the videos are cancelled, which their clients are told."
    )
    return Report(
        findings=[finding for waited in each for finding in waited.findings],
        timings=[each_time for waited in each for each_time in waited.told],
        notes=(remark,),
    )


def _measure(stage: Stage, kind: str, *, count: int, seconds: int) -> Waited:
    waiters = asyncio.run(_seed(stage, count))
    path = stage.folder / kind
    lines = (f"{waiter.key} {waiter.video_id}" for waiter in waiters)
    path.write_text("\n".join(lines), encoding="utf-8")
    name = f"{count:,} {KINDS[kind]}"
    with ExitStack() as stack:
        # Of its own each time: what a process has taken once, it keeps.
        server = stack.enter_context(
            serving(stage, "--no-worker", FILMGATE_MAX_CONNECTIONS="20000")
        )
        before = server.pss_mb()
        crowd = stack.enter_context(
            module("bench.clients.waiters", server.url, kind, str(path), cores=stage.cores.load)
        )
        hear(crowd)
        time.sleep(SETTLING_SECONDS)
        share, after = _idle_share(server, seconds), server.pss_mb()
        told = asyncio.run(_end_some(stage, server, crowd, waiters=waiters[:: count // ENDED]))
        lost = _crowd(crowd).lost
    untold = ENDED - len(told)
    for reason in lost[:SHOWN]:
        note(f"  sent away: {reason}")
    findings = [
        Finding(f"{name}: memory of the API process", after, "MB", at_most(300)),
        Finding(f"{name}: before they came", before, "MB"),
        Finding(f"{name}: CPU of a core", share * 100, "%"),
        Finding(f"{name}: sent away", len(lost), "", at_most(0)),
        Finding(f"{name}: not told within {DEADLINE_SECONDS} s", untold, "", at_most(0)),
    ]
    return Waited(findings, [timing(f"event to client, beside {name}", told)] if told else [])


async def _seed(stage: Stage, count: int) -> list[Waiter]:
    customers = await add_customers(stage.dsn, count // PER_ACCOUNT)
    return [
        Waiter(customer.key, video_id)
        for customer in customers
        for video_id in await add_running(stage.dsn, customer.account_id, PER_ACCOUNT)
    ]


def _idle_share(server: Server, seconds: int) -> float:
    before, began = cpu_seconds(server.process), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(server.process) - before) / (time.monotonic() - began)


async def _end_some(
    stage: Stage, server: Server, crowd: "Popen[str]", *, waiters: Sequence[Waiter]
) -> list[float]:
    """Cancel their videos, and return how long after its event each heard of it, in milliseconds, if it did."""
    client = await Connection.open(server.url)
    for waiter in waiters:
        await _cancel(client, waiter)
    client.close()
    told = await _all_told(crowd, len(waiters))
    connection = await asyncpg.connect(stage.dsn)
    try:
        rows = await connection.fetch(
            """
            select video_id, extract(epoch from created_at)::float8 as at from event
            where video_id = any($1::text[])
            """,
            [waiter.video_id for waiter in waiters],
        )
    finally:
        await connection.close()
    return [(told[row["video_id"]] - row["at"]) * 1e3 for row in rows if row["video_id"] in told]


async def _cancel(client: Connection, waiter: Waiter) -> None:
    """Until it is: a server with so many guests may ask for patience."""
    path = f"/v1/videos/video_{waiter.video_id}/cancel"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (answer := await client.ask(post(path, bearer(waiter.key), b""))).status != 200:
        said = answer.body.decode()
        if answer.status != 503 or time.monotonic() > deadline:
            raise BenchmarkFailed(f"A video could not be cancelled: {said}")
        note(f"  asked for patience: {said}")
        await asyncio.sleep(1)


async def _all_told(crowd: "Popen[str]", count: int) -> dict[str, float]:
    """Of as many as were told in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    told = _crowd(crowd).told
    while len(told) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        told = _crowd(crowd).told
    return told


def _crowd(process: "Popen[str]") -> Crowd:
    return Crowd(**json.loads(ask(process, "how are you")))
