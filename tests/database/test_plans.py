"""Every statement about a table that grows finds its rows by an index, whatever its parameters are.

Statements are read off the connection while the functions run, and explained as the server plans them from the
sixth call on: without the values. What is small by nature (accounts, endpoints, clocks) may be read as a whole.
"""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from types import ModuleType
from typing import Any

import asyncpg
import pytest
from asyncpg import Connection

from bench.seeding import Shape, seed
from filmgate.database import acceptance, events, line, lists, records, resume_points, usage, videos
from filmgate.database.embedded import EmbeddedPostgres
from tests.database.statements import MODULES, STATEMENTS, Statement, any_video

SHAPE = Shape(accounts=200, queued=6_000, running=600, finished=20_000)
GROWING = {"video", "event", "delivery", "delivery_attempt", "ledger", "idempotency"}

Node = Mapping[str, Any]


@pytest.fixture(scope="module")
def seeded(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database in which the planner has something to choose."""
    asyncio.run(_administer(postgres, "create database plans"))
    asyncio.run(seed(postgres.dsn_of("plans"), SHAPE))
    yield postgres.dsn_of("plans")
    asyncio.run(_administer(postgres, "drop database plans with (force)"))


@pytest.fixture
async def connection(seeded: str) -> AsyncIterator[Connection]:
    """What is done on it is undone."""
    connection = await asyncpg.connect(
        seeded, server_settings={"plan_cache_mode": "force_generic_plan"}
    )
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.mark.parametrize("function", STATEMENTS, ids=lambda each: each.__qualname__)
async def test_no_statement_reads_what_it_could_skip(
    connection: Connection, function: Callable[..., object]
) -> None:
    assert await faults(connection, STATEMENTS[function]) == []


@pytest.mark.parametrize(
    ("index", "function"),
    [
        ("video_line", line.lock_next),
        ("video_by_account", lists.read_page),
        ("video_to_empty", videos.to_empty),
        ("video_emptied", records.remove),
        ("event_by_video", events.list_after),
        ("video_job_elsewhere", resume_points.is_free),
    ],
)
async def test_an_index_that_is_missing_is_noticed(
    connection: Connection, index: str, function: Callable[..., object]
) -> None:
    await connection.execute(f"drop index {index}")
    assert await faults(connection, STATEMENTS[function]) != []


async def test_of_many_accounts_clocks_a_create_reads_its_own(connection: Connection) -> None:
    """They are few only where accounts are few."""
    await connection.execute(
        """
        insert into account_clock (engine, account_id, finish)
        select 'engine ' || number, id, 0 from account, generate_series(1, 20) as number
        """
    )
    await connection.execute("analyze account_clock")
    create = STATEMENTS[acceptance.write]
    assert await faults(connection, create, growing={*GROWING, "account_clock"}) == []


def test_all_statements_are_looked_at() -> None:
    known = {each for module in MODULES for each in _functions(module)}
    assert known - {usage.read} == set(STATEMENTS)  # a whole period is what it reads


async def faults(
    connection: Connection, statement: Statement, *, growing: Collection[str] = GROWING
) -> list[str]:
    """What is wrong with the plans of all that the function sends."""
    video = await any_video(connection)
    sent: list[str] = []
    with connection.query_logger(lambda record: sent.append(record.query)):
        await statement(connection, video)
        await asyncio.sleep(0)  # loggers are called from the loop
    assert sent
    return [fault for query in sent for fault in await _faults_of(connection, query, growing)]


async def _faults_of(connection: Connection, query: str, growing: Collection[str]) -> list[str]:
    if query.lstrip().lower().startswith("show"):
        return []
    count = max(map(int, re.findall(r"\$(\d+)", query)), default=0)
    values = f"({', '.join(['null'] * count)})" if count else ""
    await connection.execute(f"prepare looked_at as {query}")
    plan = await connection.fetchval(f"explain (format json) execute looked_at{values}")
    await connection.execute("deallocate looked_at")
    return [f"{fault}: {query}" for fault in _faults_in(json.loads(plan)[0]["Plan"], growing)]


def _faults_in(node: Node, growing: Collection[str], *, is_limited: bool = False) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name")
    if table in growing and kind == "Seq Scan":
        yield f"the whole of {table} is read"
    # The first in an index's order is found without a condition.
    is_free = kind.startswith("Index") and "Index Cond" not in node
    if table in growing and is_free and not is_limited:
        yield f"the whole of {node['Index Name']} is read"
    if kind in ("Sort", "Incremental Sort") and _is_unbounded(node):
        yield f"rows are sorted by {node['Sort Key']}"
    goes_on = kind in ("Limit", "LockRows", "Result", "Subquery Scan")
    for below in node.get("Plans", ()):
        is_bounded = kind == "Limit" or (is_limited and goes_on)
        yield from _faults_in(below, growing, is_limited=is_bounded)


def _is_unbounded(node: Node) -> bool:
    """Whether as many rows of a growing table come up as there may be; those that were named are few."""
    if node.get("Parent Relationship") in ("SubPlan", "InitPlan"):
        return False
    named = node.get("Index Cond", node.get("Recheck Cond", ""))
    if node["Node Type"] == "Limit" or "= ANY" in named:
        return False
    if node.get("Relation Name") in GROWING:
        return True
    return any(_is_unbounded(below) for below in node.get("Plans", ()))


def _functions(module: ModuleType) -> list[Callable[..., object]]:
    return [
        each
        for name, each in inspect.getmembers(module, inspect.iscoroutinefunction)
        if not name.startswith("_") and each.__module__ == module.__name__
    ]


async def _administer(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
