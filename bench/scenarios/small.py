"""How little it is: memory and CPU of an idle server, the time of `--help`, and what is installed."""

import asyncio
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from bench.clients.connection import Connection
from bench.figures import Finding, Report, at_most
from bench.machine import on
from bench.processes import cpu_seconds
from bench.scenarios.latency import make_film
from bench.seeds import add_customers
from bench.stage import COMMAND, Server, Stage, serving

HEAVY = ("numba", "cv2", "av", "numpy", "fastapi", "starlette", "asyncpg", "sqlalchemy", "pydantic")
"""What `--help` should not import, as far as it costs much."""
HELP_RUNS = 5
START_SECONDS = 3


def measure(stage: Stage) -> Report:
    """Where there is time, once more a minute after it has made a film, and its CPU then."""
    (customer,) = asyncio.run(add_customers(stage.dsn, 1))
    settling, seconds = (75, 60) if stage.effort.is_full else (0, 5)
    with serving(stage, "--speed", "tiny", cores=stage.cores.everywhere) as server:
        time.sleep(START_SECONDS)
        findings = [_memory("after its start", _family(server, stage))]
        if stage.effort.is_full:
            asyncio.run(_make_one(server, customer.key))
            time.sleep(settling)
            findings.append(_memory("a minute after its first film", _family(server, stage)))
        findings.append(_cpu(server, stage, seconds))
    imported = _imported()
    return Report(
        findings=[
            *findings,
            *_starts(stage),
            Finding("`filmgate --help`", _help_millis(stage), "ms", at_most(300)),
            Finding("modules that `--help` imports", len(imported)),
            *_installed(),
        ],
        notes=(
            "Idle `serve`: API, worker and embedded PostgreSQL together.",
            f"`--help` imports {_heavy(imported)}.",
        ),
    )


async def _make_one(server: Server, key: str) -> None:
    client = await Connection.open(server.url)
    await make_film(client, key)
    client.close()


def _memory(when: str, family: Sequence[psutil.Process]) -> Finding:
    shares = [each.memory_full_info().pss for each in family]
    what = f"idle `serve` {when}: PSS of {len(shares)} processes"
    return Finding(what, sum(shares) / 1e6, "MB", at_most(250))


def _cpu(server: Server, stage: Stage, seconds: int) -> Finding:
    before = sum(map(cpu_seconds, _family(server, stage)))
    time.sleep(seconds)
    used = sum(map(cpu_seconds, _family(server, stage))) - before
    what = f"idle `serve`: CPU of a core, over {seconds} s"
    return Finding(what, used / seconds * 100, "%", at_most(2))


def _starts(stage: Stage) -> list[Finding]:
    """With the database that it makes for itself, and once more with the one that is there."""
    folder = stage.folder / "started"
    folder.mkdir(mode=0o711)
    fresh = replace(stage, folder=folder)
    return [
        Finding("start to first answer, new data folder", _start_seconds(fresh), "s", at_most(5)),
        Finding("start to first answer, warm", _start_seconds(fresh), "s", at_most(2)),
    ]


def _start_seconds(stage: Stage) -> float:
    began = time.perf_counter()
    with (
        serving(stage, cores=stage.cores.everywhere) as server,
        urllib.request.urlopen(f"{server.url}/healthz", timeout=10),
    ):
        return time.perf_counter() - began


def _family(server: Server, stage: Stage) -> list[psutil.Process]:
    """The server, its children, and the PostgreSQL that it would have started."""
    pid_file = stage.data / "postgres/data/postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text(encoding="utf-8").splitlines()[0]))
    own = [server.process, *server.process.children(recursive=True)]
    found = [*own, postmaster, *postmaster.children()]
    return list({each.pid: each for each in found}.values())


def _help_millis(stage: Stage) -> float:
    took = []
    with on(stage.cores.api):
        for _ in range(HELP_RUNS):
            began = time.perf_counter()
            subprocess.run([COMMAND, "--help"], check=True, capture_output=True)
            took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


def _imported() -> set[str]:
    """The modules that are there when the help has been printed."""
    command = [sys.executable, "-X", "importtime", "-m", "filmgate", "--help"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return {line.rpartition("|")[2].strip() for line in said.splitlines() if "|" in line}


def _heavy(imported: set[str]) -> str:
    found = [name for name in HEAVY if name in imported]
    return ", ".join(found) if found else f"none of {', '.join(HEAVY)}"


def _installed() -> list[Finding]:
    """What `pip install filmgate` brings, by the size of its files; the largest five by name."""
    sizes = {each.name: _size_mb(each) for each in _closure()}
    largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:5]
    return [
        Finding("installed packages", len(sizes)),
        Finding("installed files", sum(sizes.values()), "MB"),
        *(Finding(f"of these {name}", sizes[name], "MB") for name in largest),
    ]


def _closure() -> Iterator[Distribution]:
    """filmgate, and whatever it needs, with the extras that are asked for."""
    waiting, seen = [Requirement("filmgate")], {("filmgate", "")}
    named: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        found = _distribution(wanted.name)
        if found is None:
            continue
        if found.name not in named:
            named.add(found.name)
            yield found
        needs = (Requirement(text) for text in found.requires or ())
        for need in needs:
            mark = (need.name.lower(), ",".join(sorted(need.extras)))
            if mark not in seen and _applies(need, wanted.extras):
                seen.add(mark)
                waiting.append(need)


def _applies(need: Requirement, extras: set[str]) -> bool:
    marker = need.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _distribution(name: str) -> Distribution | None:
    """None where this machine needs none of it."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _size_mb(package: Distribution) -> float:
    paths = (Path(str(package.locate_file(file))) for file in package.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
