"""A host whose clock is ten minutes off: the database's rules, for links, expiry, attempts and deliveries alike.

The other way round, which is the same: here the database says that it is earlier or later than the host does.
"""

from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest

from filmgate.database.connection import Database
from tests.http.stage import Stage

OFF = timedelta(minutes=10)


@pytest.fixture(params=[-OFF, OFF], ids=["behind", "ahead"])
async def dsn(dsn: str, request: pytest.FixtureRequest) -> str:
    """A database whose `now()` is off by so much, for everyone who connects to it."""
    connection = await asyncpg.connect(dsn)
    minutes = request.param.total_seconds() / 60
    for name in ("now", "clock_timestamp"):
        await connection.execute(
            f"""
            create function public.{name}() returns timestamptz stable language sql
            as $$ select pg_catalog.{name}() + interval '{minutes} minutes' $$
            """
        )
    name = await connection.fetchval("select current_database()")
    await connection.execute(f"alter database {name} set search_path = public, pg_catalog")
    await connection.close()
    return dsn


async def create(client: httpx2.AsyncClient) -> str:
    body = {"model": "openAiSora2Plus", "prompt": "A cat", "seconds": 8}
    answer = await client.post("/v1/sora/videos", json=body)
    assert answer.status_code == 200
    return str(answer.json()["id"])


async def test_the_clocks_differ_here(database: Database) -> None:
    assert abs(await database.now() - datetime.now(UTC)) > OFF / 2


@pytest.mark.parametrize("age", [timedelta(hours=23, minutes=55), timedelta(hours=24, minutes=5)])
async def test_a_link_ends_a_day_after_the_completion_by_the_databases_clock(
    age: timedelta, client: httpx2.AsyncClient, stage: Stage, database: Database
) -> None:
    video_id = await create(client)
    await stage.complete(video_id, at=await database.now() - age)
    link = (await client.get(f"/v1/result/{video_id}")).json()["video_url"]
    content = f"/v1/videos/{video_id}/content"
    expected = 200 if age < timedelta(days=1) else 410
    assert (await client.get(link)).status_code == expected
    assert (await client.get(content)).status_code == expected
    remix = await client.post("/v1/videos/edits", json={"prompt": "x", "video": {"id": video_id}})
    assert remix.status_code == expected


async def test_a_video_is_created_when_the_database_says(
    client: httpx2.AsyncClient, database: Database
) -> None:
    video_id = await create(client)
    created = (await client.get(f"/v1/result/{video_id}")).json()["created"]
    assert abs(created - (await database.now()).timestamp()) < 5
