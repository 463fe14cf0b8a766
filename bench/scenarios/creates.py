"""How many creates one API core acknowledges after their commit, and whether each of them is there."""

import asyncio
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import psutil

from bench.figures import Finding, Load, Report, Row, at_least, at_most, row_named, rows_of
from bench.processes import ask, hear, module
from bench.rounds import Target, interleave
from bench.scenarios.polls import HELLO, hello_target
from bench.seeds import Customer, add_customers
from bench.stage import Server, Stage, serving
from bench.wrk import Drive

MANY = "20 accounts, Idempotency-Key"
ONE = "1 account, Idempotency-Key"
BARE = "20 accounts, no Idempotency-Key"
INSERT = "bare insert with commit"
CONNECTIONS = 64
DESIGNED_SHARE = 0.108
"""The goal, 4,000 a second, of the 36,900 hellos a second of the machine for which it was set."""


def measure(stage: Stage) -> Report:
    """Of one account and of many, beside a process that does nothing but insert and commit."""
    customers = asyncio.run(add_customers(stage.dsn, 20))
    with ExitStack() as stack:
        server = stack.enter_context(serving(stage, "--no-worker"))
        targets = [
            _creates(stage, server, MANY, customers=customers),
            _creates(stage, server, ONE, customers=customers[:1]),
            _creates(stage, server, BARE, customers=customers, has_key=False),
            stack.enter_context(_inserts(stage)),
            hello_target(stage, stack),
        ]
        rounds = interleave(targets, stage.effort)
    rows = rows_of(rounds, reference=INSERT)
    return Report(
        rows=rows,
        rounds=rounds,
        findings=[*_findings(rows, rows_of(rounds, reference=HELLO)), *asyncio.run(_check(stage))],
        notes=(
            f"{CONNECTIONS} connections; the server makes no videos meanwhile, and nothing is cleared away.",
        ),
    )


def _creates(
    stage: Stage,
    server: Server,
    name: str,
    *,
    customers: Sequence[Customer],
    has_key: bool = True,
) -> Target:
    keys = stage.folder / f"{len(customers)}.keys"
    keys.write_text("".join(f"{each.key}\n" for each in customers), encoding="utf-8")

    def load(seconds: int) -> Load:
        prefix = secrets.token_hex(8) if has_key else "none"
        drive = Drive(
            url=server.url,
            cores=stage.cores.load,
            connections=CONNECTIONS,
            script="creates.lua",
            arguments=(keys, _acknowledged(stage), prefix),
        )
        return drive(seconds)

    return Target(name, load, (server.process,))


@contextmanager
def _inserts(stage: Stage) -> Iterator[Target]:
    with module("bench.references.inserts", stage.dsn, cores=stage.cores.api) as process:
        hear(process)

        def load(seconds: int) -> Load:
            return Load(**json.loads(ask(process, str(seconds))))

        yield Target(INSERT, load, (psutil.Process(process.pid),))


def _acknowledged(stage: Stage) -> Path:
    return stage.folder / "acknowledged"


def _findings(rows: Sequence[Row], beside_hello: Sequence[Row]) -> list[Finding]:
    found = []
    for name in (MANY, ONE):
        row = row_named(rows, name)
        found.append(Finding(f"{name}: creates", row.rate, "/s", at_least(4_000)))
        found.append(Finding(f"{name}: p99", row.p99, "ms", at_most(50)))
        share = row_named(beside_hello, name).ratio
        if share is not None:
            found.append(Finding(f"{name}: share of {HELLO}", share, "", at_least(DESIGNED_SHARE)))
    return found


async def _check(stage: Stage) -> list[Finding]:
    """What was acknowledged is there, once; what wrk left unanswered at the end of a round may be."""
    told = _acknowledged(stage).read_text(encoding="utf-8").split()
    connection = await asyncpg.connect(stage.dsn)
    try:
        kept = {row["id"] for row in await connection.fetch("select id from video")}
        shared = await connection.fetchval(
            "select count(made_id) - count(distinct made_id) from idempotency"
        )
    finally:
        await connection.close()
    runs = 3 * (stage.effort.rounds + 1)
    return [
        Finding("creates acknowledged in all", len(told)),
        Finding("of these not in the database", len(set(told) - kept), "", at_most(0)),
        Finding("of these told twice", len(told) - len(set(told)), "", at_most(0)),
        Finding("videos that two keys share", shared, "", at_most(0)),
        Finding(
            "videos whose answer wrk did not wait for",
            len(kept - set(told)),
            "",
            at_most(runs * CONNECTIONS),
        ),
    ]
