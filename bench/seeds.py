"""Accounts and videos written straight into PostgreSQL: what a server would have after a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.video import VideoId, new_video_id
from filmgate.database.connection import Database
from filmgate.usecases.accounts import create_key

PROMPT = "A cat dancing in the rain, cinematic style"
FILM_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Customer:
    """An account, and a key of its own."""

    account_id: AccountId
    key: str


async def add_customers(dsn: str, count: int) -> list[Customer]:
    database = await Database.open(dsn)
    try:
        made = [
            await create_key(database, account=f"customer {number}", name="bench")
            for number in range(count)
        ]
    finally:
        await database.aclose()
    return [Customer(kept.account_id, key) for key, kept in made]


async def add_running(dsn: str, account_id: AccountId, count: int) -> list[VideoId]:
    """Videos in the hands of a worker whose next sign of life is not due before tomorrow."""
    return await _add(
        dsn,
        account_id,
        count,
        """
        insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds,
                           created_at, status, progress, attempt, started_at, heartbeat_at, fair_cost)
        select id, $2, 'openai', 'sora-2', 'scenes', $3, 1280, 720, 8,
               now(), 'in_progress', 0, 1, now(), now() + interval '1 day', 8000000
        from unnest($1::text[]) as id
        """,
    )


async def add_completed(
    dsn: str, account_id: AccountId, *, film_bytes: int = FILM_BYTES
) -> VideoId:
    """Its film is at `videos/{id}/1/video.mp4`, if whoever calls puts it there."""
    (video_id,) = await _add(
        dsn,
        account_id,
        1,
        f"""
        insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds,
                           created_at, status, progress, attempt, started_at, completed_at, expires_at,
                           file_key, file_bytes, file_duration, has_pictures, fair_cost)
        select id, $2, 'openai', 'sora-2', 'scenes', $3, 1280, 720, 8,
               now(), 'completed', 100, 1, now(), now(), now() + interval '1 day',
               'videos/' || id || '/1/video.mp4', {film_bytes}, 8.0, true, 8000000
        from unnest($1::text[]) as id
        """,
    )
    return video_id


async def count_videos(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        count: int = await connection.fetchval("select count(*) from video")
    finally:
        await connection.close()
    return count


async def _add(dsn: str, account_id: AccountId, count: int, statement: str) -> list[VideoId]:
    now = datetime.now(UTC)
    ids: Sequence[VideoId] = [new_video_id(now) for _ in range(count)]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, list(ids), account_id, PROMPT, timeout=120)
        await connection.execute("analyze video")
    finally:
        await connection.close()
    return list(ids)
