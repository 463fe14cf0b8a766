"""Where a scenario plays: a data folder with its own PostgreSQL, a server, and how much effort is to be made."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.machine import Cores, on
from bench.processes import BenchmarkFailed, child, free_port
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate

COMMAND = Path(sys.executable).with_name("filmgate")
MANY = "60000000"
"""A rate limit that is on, and that nobody reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long is measured: each target for `seconds`, `rounds` times in turn."""

    name: str
    rounds: int
    seconds: int

    @property
    def is_full(self) -> bool:
        return self.name == "full"


QUICK = Effort(name="quick", rounds=3, seconds=1)
FULL = Effort(name="full", rounds=5, seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A folder that goes when the scenario has ended, and the PostgreSQL in it."""

    folder: Path
    dsn: str
    cores: Cores
    effort: Effort

    @property
    def data(self) -> Path:
        return self.folder / "data"


@dataclass(frozen=True, slots=True)
class Server:
    """A running `filmgate serve`."""

    url: str
    process: psutil.Process

    def pss_mb(self) -> float:
        """Of this one process: what it shares with others is counted in parts."""
        share: int = self.process.memory_full_info().pss
        return share / 1e6


@contextmanager
def staged(cores: Cores, effort: Effort) -> Iterator[Stage]:
    """A new data folder whose PostgreSQL runs on its own cores, before any server is there to start it."""
    folder = Path(tempfile.mkdtemp(prefix="filmgate-bench-"))
    folder.chmod(0o711)  # for root's sake: PostgreSQL is somebody else then, and must pass through
    postgres = EmbeddedPostgres(folder / "data")
    try:
        with on(cores.database):
            postgres.start()
        asyncio.run(migrate(postgres.dsn))
        yield Stage(folder=folder, dsn=postgres.dsn, cores=cores, effort=effort)
    finally:
        postgres.stop()
        shutil.rmtree(folder)


@contextmanager
def serving(
    stage: Stage, *arguments: str, cores: frozenset[int] | None = None, **variables: str
) -> Iterator[Server]:
    """A server, on the API's core unless told otherwise, with metrics and a rate limit that counts."""
    log = stage.folder / "serve.log"
    given = {
        "FILMGATE_REQUESTS_PER_MINUTE": MANY,
        "FILMGATE_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        **variables,
    }
    with (
        log.open("ab") as errors,
        child(
            [COMMAND, "serve", "--port", "0", "--data", stage.data, *arguments],
            cores=cores or stage.cores.api,
            folder=stage.folder,
            environment=surroundings(stage.folder) | given,
            stderr=errors,
        ) as process,
    ):
        assert process.stdout is not None
        greeting = ""
        for line in process.stdout:
            greeting += line
            if line.startswith("Next:"):
                break
        found = re.search(r"API +(http\S+)", greeting)
        if found is None:
            raise BenchmarkFailed(f"The server did not start.\n{greeting}{log.read_text()}")
        yield Server(found[1], psutil.Process(process.pid))


def surroundings(folder: Path) -> dict[str, str]:
    """Ours, but for the user's own filmgate settings and client file."""
    ours = {name: value for name, value in os.environ.items() if "FILMGATE" not in name}
    return ours | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
