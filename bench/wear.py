"""Wear: what a claim costs right after very many others, whose dead entries lie at the head of the line's index.

`python -m bench.wear --folder FOLDER` claims from the databases of `bench.scale`, which it changes for good. With
`--reader` somebody holds a snapshot all the while, as a backup does, so that nothing dead can be passed over for good.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import asyncpg

from bench.operations import WORKER
from bench.scale import MANY, QUICK, seeded, server_in
from filmgate.database.connection import Database
from filmgate.usecases import rendering

TRIES = 100

_CLAIM_MANY = """
    with next as materialized (
        select id from video
        where engine = 'scenes' and status = 'queued' and is_admitted and not_before is null
        order by fair_start, id limit $1 for update)
    update video set status = 'in_progress', attempt = attempt + 1, started_at = now(), heartbeat_at = now(),
                     worker_id = $2, revision = revision + 1
    from next where video.id = next.id
"""


async def measure(folder: Path, *, quick: bool, claims: int, with_reader: bool) -> list[float]:
    """In milliseconds: the median claim before, the first after so many, and the median of the next."""
    with server_in(folder) as server:
        dsn = server.dsn_of(await seeded(server, QUICK if quick else MANY))
        database = await Database.open(dsn, max_connections=2)
        try:
            async with _unvacuumed(dsn), _reader(dsn) if with_reader else nullcontext():
                before = [await _claim(database) for _ in range(TRIES)]
                async with database.connection() as connection:
                    await connection.execute(_CLAIM_MANY, claims, WORKER, timeout=600)
                first = await _claim(database)
                after = [await _claim(database) for _ in range(TRIES)]
        finally:
            await database.aclose()
    return [statistics.median(before), first, statistics.median(after)]


async def _claim(database: Database) -> float:
    begun = time.perf_counter()
    assert await rendering.begin_next(database, ["scenes"], worker_id=WORKER)
    return 1000 * (time.perf_counter() - begun)


@asynccontextmanager
async def _unvacuumed(dsn: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(dsn)
    await connection.execute("alter table video set (autovacuum_enabled = off)")
    try:
        yield
    finally:
        await connection.execute("alter table video reset (autovacuum_enabled)")
        await connection.close()


@asynccontextmanager
async def _reader(dsn: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetchval("select 1 from video limit 1")
            yield
    finally:
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.wear", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="from a tenth of the videos")
    parser.add_argument("--reader", action="store_true")
    wishes = parser.parse_args()
    times = asyncio.run(
        measure(wishes.folder, quick=wishes.quick, claims=wishes.claims, with_reader=wishes.reader)
    )
    words = ("before", "the first", "after")
    print(", ".join(f"{word}: {took:.1f} ms" for word, took in zip(words, times, strict=True)))


if __name__ == "__main__":
    main()
