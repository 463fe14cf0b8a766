"""The least that a durable create can be: one insert and its commit, from a Python process of its own.

Reads a number of seconds from each line of its standard input, and answers with a Load in JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict

import asyncpg
import uvloop

from bench.figures import Load, quantile

CALLERS = 32
"""Each has a connection; the embedded PostgreSQL has 60 in all, and the server needs its own."""

TABLE = """
create table if not exists bench_insert (
    id bigint generated always as identity primary key,
    account_id bigint not null,
    model text not null,
    prompt text not null,
    created_at timestamptz not null default now()
)
"""
INSERT = "insert into bench_insert (account_id, model, prompt) values ($1, $2, $3)"
PROMPT = "A cat dancing in the rain, cinematic style"


async def main(dsn: str) -> None:
    connections = [await asyncpg.connect(dsn) for _ in range(CALLERS)]
    await connections[0].execute(TABLE)
    print("ready", flush=True)
    for line in sys.stdin:
        load = await _load(connections, float(line))
        print(json.dumps(asdict(load)), flush=True)


async def _load(connections: list[asyncpg.Connection], seconds: float) -> Load:
    began = time.perf_counter()
    took: list[float] = []
    async with asyncio.TaskGroup() as callers:
        for number, connection in enumerate(connections):
            callers.create_task(_insert(connection, number, until=began + seconds, took=took))
    return Load(
        seconds=time.perf_counter() - began,
        answers=len(took),
        refused=0,
        broken=0,
        p50=quantile(took, 0.5) * 1e3,
        p99=quantile(took, 0.99) * 1e3,
        longest=max(took) * 1e3,
    )


async def _insert(
    connection: asyncpg.Connection, number: int, *, until: float, took: list[float]
) -> None:
    insert = await connection.prepare(INSERT)
    began = time.perf_counter()
    while began < until:
        await insert.fetch(number, "sora-2", PROMPT)
        ended = time.perf_counter()
        took.append(ended - began)
        began = ended


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
