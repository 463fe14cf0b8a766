"""Many videos polled at random while they change: how many polls, how old the answers, and whose."""

import asyncio
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.clients.sampler import Sighting
from bench.figures import (
    Finding,
    Load,
    Report,
    at_least,
    at_most,
    row_named,
    rows_of,
    timing,
)
from bench.processes import hear, module, tell
from bench.rounds import Target, interleave
from bench.scenarios.polls import poll_target
from bench.seeds import add_customers, add_running
from bench.stage import Server, Stage, serving
from bench.wrk import Drive
from filmgate.core.video import VideoId

ONE = "one video, 64 connections"
CONNECTIONS = 256
UPDATES = 200
FIRST_READS = 2_000
"""A second: whoever is polled for the first time is read whole, which is not what is measured."""
LANES, LANE_LENGTH = 4, 12
SETTLING_SECONDS = 1
"""For the last change of a round to be seen."""


@dataclass(slots=True)
class Watched:
    """What all rounds brought to light. `delays` are in milliseconds, from a commit to its first sighting."""

    delays: list[float] = field(default_factory=list)
    sighting: Sighting = field(default_factory=Sighting)

    def add(self, commits: Sequence[tuple[str, int, float]], sighting: Sighting) -> None:
        self.delays += delays_of(commits, sighting.seen)
        self.sighting.answers += sighting.answers
        self.sighting.older += sighting.older
        self.sighting.betrayed += sighting.betrayed
        self.sighting.failed += sighting.failed


def measure(stage: Stage) -> Report:
    """A hundred thousand videos; a tenth of that where it must be quick."""
    count = 100_000 if stage.effort.is_full else 10_000
    owner, stranger = asyncio.run(add_customers(stage.dsn, 2))
    ids = asyncio.run(add_running(stage.dsn, owner.account_id, count))
    _write_files(stage, ids)
    many = f"{count:,} videos, {CONNECTIONS} connections"
    watched = Watched()
    with (
        serving(stage, "--no-worker") as server,
        _changing(stage, server, (owner.key, stranger.key), watched) as during,
    ):
        drive = Drive(
            url=server.url,
            cores=stage.cores.load,
            connections=CONNECTIONS,
            script="random_polls.lua",
            arguments=(stage.folder / "paths", owner.key),
        )
        headers = {"Authorization": f"Bearer {owner.key}"}
        targets = [
            poll_target(stage, server, ONE, path=f"/v1/videos/video_{ids[-1]}", headers=headers),
            Target(many, lambda seconds: during(drive, seconds), (server.process,)),
        ]
        drive(max(count // FIRST_READS, 1))
        rounds = interleave(targets, stage.effort)
    rows = rows_of(rounds, reference=ONE)
    share = row_named(rows, many).ratio or 0.0
    findings = [Finding(f"share of {ONE}", share, "", at_least(0.6)), *_findings(watched)]
    note = (
        f"While the many are polled, {UPDATES} changes a second are committed and announced. Most of them have been "
        "polled before: a client asks again and again."
    )
    seen = [delay for delay in watched.delays if delay < math.inf]
    timings = [timing("commit to first sighting", seen, longest=300)] if seen else []
    return Report(rows=rows, rounds=rounds, timings=timings, findings=findings, notes=(note,))


def delays_of(
    commits: Sequence[tuple[str, int, float]], seen: Sequence[tuple[str, int, float]]
) -> list[float]:
    """From each commit to the first answer that told of it or of a later one; infinite where none did."""
    return [
        max(0.0, _first_sight(video_id, percent, seen) - at) * 1e3
        for video_id, percent, at in commits
    ]


def _first_sight(video_id: str, percent: int, seen: Sequence[tuple[str, int, float]]) -> float:
    moments = (at for each, told, at in seen if each == video_id and told >= percent)
    return min(moments, default=math.inf)


def _write_files(stage: Stage, ids: Sequence[VideoId]) -> None:
    watched, others = ids[: LANES * LANE_LENGTH], ids[LANES * LANE_LENGTH : 5_000]
    lanes = (" ".join(watched[number::LANES]) for number in range(LANES))
    (stage.folder / "lanes").write_text("\n".join(lanes), encoding="utf-8")
    (stage.folder / "others").write_text("\n".join(others), encoding="utf-8")
    paths = "\n".join(f"/v1/videos/video_{each}" for each in ids)
    (stage.folder / "paths").write_text(paths, encoding="utf-8")


@contextmanager
def _changing(
    stage: Stage, server: Server, keys: tuple[str, str], watched: Watched
) -> Iterator[Callable[[Drive, int], Load]]:
    """Loads the server while somebody commits changes and somebody else watches them arrive."""
    lanes, others = str(stage.folder / "lanes"), str(stage.folder / "others")
    with (
        module(
            "bench.clients.updater",
            *(stage.dsn, lanes, others, str(UPDATES)),
            cores=stage.cores.load,
        ) as updater,
        module(
            "bench.clients.sampler", server.url, *keys, lanes, cores=stage.cores.load
        ) as sampler,
    ):
        hear(updater), hear(sampler)

        def during(drive: Drive, seconds: int) -> Load:
            tell(sampler, str(seconds + SETTLING_SECONDS))
            tell(updater, str(seconds))
            load = drive(seconds)
            watched.add(json.loads(hear(updater)), Sighting(**json.loads(hear(sampler))))
            return load

        yield during


def _findings(watched: Watched) -> list[Finding]:
    sighting = watched.sighting
    unseen = watched.delays.count(math.inf)
    return [
        Finding("changes watched from their commit on", len(watched.delays)),
        Finding("of these never seen", unseen, "", at_most(0)),
        Finding("answers compared with earlier ones", sighting.answers),
        Finding("of these older than an earlier one", sighting.older, "", at_most(0)),
        Finding("of these betrayed to a stranger", sighting.betrayed, "", at_most(0)),
        Finding("of these without success", sighting.failed, "", at_most(0)),
    ]
