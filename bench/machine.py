"""The machine: what it is, and which of its cores does what."""

import os
import platform
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """One core is the API's, and each reference's in its turn; everything else runs on others."""

    api: frozenset[int]
    database: frozenset[int]
    load: frozenset[int]

    @property
    def everywhere(self) -> frozenset[int]:
        return self.api | self.database | self.load

    def __str__(self) -> str:
        api, database, load = map(_numbers, (self.api, self.database, self.load))
        if self.api == self.load:
            return f"one core ({api}) for everything: the numbers say little"
        if self.database == self.load:
            return f"core {api} for the API and the references, {load} for load and PostgreSQL together"
        return (
            f"core {api} for the API and the references, {database} for PostgreSQL, {load} for load"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the numbers depend on."""

    processor: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    date: str
    commit: str
    sharing: str


def share_out(allowed: Collection[int]) -> Cores:
    """The last core is the API's: the first one has the interrupts. PostgreSQL gets a third of the others."""
    *others, last = sorted(allowed)
    if not others:
        return Cores(api=frozenset({last}), database=frozenset({last}), load=frozenset({last}))
    if len(others) == 1:
        return Cores(api=frozenset({last}), database=frozenset(others), load=frozenset(others))
    middle = len(others) - max(1, len(others) // 3)
    return Cores(
        api=frozenset({last}),
        database=frozenset(others[middle:]),
        load=frozenset(others[:middle]),
    )


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Whatever is started in this block runs there, and so does all that it starts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def describe(cores: Cores) -> Machine:
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        date=datetime.now(UTC).date().isoformat(),
        commit=_commit(),
        sharing=str(cores),
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    """Of the checkout, with a + where it was changed since."""
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        found = subprocess.run(words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def _numbers(cores: Collection[int]) -> str:
    ordered = sorted(cores)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered))
