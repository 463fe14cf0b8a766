"""wrk, the load generator: how it is run, and what it says at the end (`lua/report.lua`)."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Load
from bench.processes import HERE, BenchmarkFailed, child

SCRIPTS = HERE / "lua"
MOST_THREADS = 4
PATIENCE_SECONDS = 30
"""After the load itself: wrk waits for nothing, so what takes so long has gone wrong."""

MISSING = """\
The benchmarks need wrk, and it is not installed. It is in Debian, Ubuntu, Fedora and Homebrew:
    sudo apt-get install wrk"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One way to load a server. `arguments` are the Lua script's."""

    url: str
    cores: frozenset[int]
    connections: int = 64
    script: str = "report.lua"
    headers: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str | Path] = ()

    def __call__(self, seconds: int) -> Load:
        """Load the server for so long."""
        with child(self._command(seconds), cores=self.cores, folder=SCRIPTS) as process:
            try:
                said, _ = process.communicate(timeout=seconds + PATIENCE_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise BenchmarkFailed(f"wrk did not come to an end at {self.url}.") from error
        return read_report(said)

    def _command(self, seconds: int) -> list[str]:
        threads = min(len(self.cores), MOST_THREADS, self.connections)
        told = [word for name, value in self.headers.items() for word in ("-H", f"{name}: {value}")]
        return [
            *("wrk", "--threads", str(threads), "--connections", str(self.connections)),
            *(
                "--duration",
                str(seconds),
                "--timeout",
                "10s",
                "--script",
                self.script,
                *told,
                self.url,
            ),
            *("--", *map(str, self.arguments)),
        ]


def is_installed() -> bool:
    return shutil.which("wrk") is not None


def read_report(said: str) -> Load:
    """Raises BenchmarkFailed where wrk did not get as far as its report."""
    for line in said.splitlines():
        if line.startswith("report "):
            told = json.loads(line.removeprefix("report "))
            return Load(
                seconds=told["micros"] / 1e6,
                answers=told["answers"],
                refused=told["refused"],
                broken=told["broken"],
                p50=told["p50_micros"] / 1e3,
                p99=told["p99_micros"] / 1e3,
                longest=told["longest_micros"] / 1e3,
            )
    raise BenchmarkFailed(f"wrk made no report:\n{said}")
