"""Scale: what hot operations cost beside a million queued and five million finished videos, and beside few.

`python -m bench.scale` seeds both databases on an embedded PostgreSQL of its own, and times one call here, one call
there. `--folder` keeps them, so that a second run begins at once.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg

from bench.operations import OPERATIONS, Operation, Side, subjects
from bench.seeding import Shape, seed
from filmgate.database.connection import Database
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate
from filmgate.storage.local import LocalObjectStore

FEW: Final = Shape(accounts=100, queued=10_000, running=20, finished=5_000)
MANY: Final = Shape(accounts=10_000, queued=1_000_000, running=10_000, finished=5_000_000)
QUICK: Final = Shape(accounts=1_000, queued=100_000, running=1_000, finished=500_000)

GOAL: Final = 1.2
WARM_UP: Final = 10
"""Calls before the first that counts: a statement has its final plan after five."""

LEAST: Final = 3
PATIENCE: Final = timedelta(seconds=20)
"""How long one operation is measured at most, once it was called a few times."""

HEAD: Final = (
    f"{'operation':32} {'few p50':>9} {'p99':>9} {'many p50':>9} {'p99':>9} "
    f"{'ratio':>6} {'best':>6} {'rounds':>6}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An operation's times in milliseconds. `ratio` is that of the medians.

    `best` is that of the tenth percentiles, which other work on the machine disturbs less.
    """

    operation: str
    few_p50: float
    few_p99: float
    many_p50: float
    many_p99: float
    ratio: float
    best: float
    rounds: int

    @property
    def is_reached(self) -> bool:
        return self.ratio <= GOAL


async def measure(
    folder: Path,
    *,
    shape: Shape = MANY,
    rounds: int = 200,
    patience: timedelta = PATIENCE,
    only: Collection[str] = (),
) -> AsyncIterator[Row]:
    """Every operation, so many times on each side, in turns; fewer times where it takes too long."""
    with server_in(folder) as server:
        async with _side(server, folder, FEW) as few, _side(server, folder, shape) as many:
            for name, operation in OPERATIONS.items():
                if not only or name in only:
                    times = await _times(operation, (few, many), rounds=rounds, patience=patience)
                    yield _row(name, *times)


def as_text(row: Row) -> str:
    times = (row.few_p50, row.few_p99, row.many_p50, row.many_p99)
    cells = " ".join(f"{each:9.2f}" for each in times)
    mark = "" if row.is_reached else "  over"
    return f"{row.operation:32} {cells} {row.ratio:6.2f} {row.best:6.2f} {row.rounds:6}{mark}"


async def _times(
    operation: Operation, sides: tuple[Side, Side], *, rounds: int, patience: timedelta
) -> tuple[list[float], list[float]]:
    """In milliseconds, of each side."""
    times: tuple[list[float], list[float]] = ([], [])
    until = time.monotonic() + patience.total_seconds()
    for number in range(WARM_UP + rounds):
        for side, took in zip(sides, times, strict=True):
            call = await operation(side)
            begun = time.perf_counter()
            await call()
            took.append(1000 * (time.perf_counter() - begun))
        if number >= LEAST and time.monotonic() > until:
            break
    few, many = times
    ignored = min(WARM_UP, len(few) // 2)
    return few[ignored:], many[ignored:]


def _row(name: str, few: Sequence[float], many: Sequence[float]) -> Row:
    (few_p50, few_p99), (many_p50, many_p99) = _percentiles(few), _percentiles(many)
    return Row(
        operation=name,
        few_p50=few_p50,
        few_p99=few_p99,
        many_p50=many_p50,
        many_p99=many_p99,
        ratio=round(many_p50 / few_p50, 2),
        best=round(_hundredths(many)[9] / _hundredths(few)[9], 2),
        rounds=len(few),
    )


def _percentiles(times: Sequence[float]) -> tuple[float, float]:
    return round(statistics.median(times), 3), round(_hundredths(times)[98], 3)


def _hundredths(times: Sequence[float]) -> list[float]:
    return statistics.quantiles(times, n=100, method="inclusive")


@contextmanager
def server_in(folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def _side(server: EmbeddedPostgres, folder: Path, shape: Shape) -> AsyncIterator[Side]:
    dsn = server.dsn_of(await seeded(server, shape))
    connection = await asyncpg.connect(dsn)
    found = await subjects(connection, most=20_000)
    await connection.close()
    database = await Database.open(dsn, max_connections=4)
    store = LocalObjectStore(folder / f"objects-{shape.finished}")
    try:
        yield Side(database, store, shape.accounts, found)
    finally:
        await database.aclose()


async def seeded(server: EmbeddedPostgres, shape: Shape) -> str:
    """The name of the database of that shape, made if it is not there, and at the latest schema."""
    name = f"scale_{shape.queued}_{shape.finished}"
    connection = await asyncpg.connect(server.dsn)
    try:
        if await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await migrate(server.dsn_of(name))
            return name
        await connection.execute(f"drop database if exists {name}_unfinished")
        await connection.execute(f"create database {name}_unfinished")
        begun = time.monotonic()
        await seed(server.dsn_of(f"{name}_unfinished"), shape)
        await connection.execute(f"alter database {name}_unfinished rename to {name}")
        size = await connection.fetchval("select pg_size_pretty(pg_database_size($1))", name)
        print(f"seeded {name} in {time.monotonic() - begun:.0f} s: {size}", flush=True)
    finally:
        await connection.close()
    return name


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    folder = Path(tempfile.mkdtemp(prefix="filmgate-scale-"))
    folder.chmod(0o711)  # root's PostgreSQL is not root
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


async def _print(folder: Path, wishes: argparse.Namespace) -> list[Row]:
    print(HEAD)
    rows = []
    shape = QUICK if wishes.quick else MANY
    async for row in measure(folder, shape=shape, rounds=wishes.rounds, only=wishes.only):
        print(as_text(row), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the videos")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=(), choices=sorted(OPERATIONS))
    parser.add_argument("--folder", type=Path, help="keep the databases here, and use them again")
    parser.add_argument("--json", type=Path, help="write the rows there, too")
    wishes = parser.parse_args()
    with _folder(wishes.folder) as folder:
        rows = asyncio.run(_print(folder, wishes))
    if wishes.json:
        wishes.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
