"""The `video` table: how a Video is written down, read back, and changed so that one writer wins."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from filmgate.core.fairness import Place
from filmgate.core.ports import Token
from filmgate.core.spec import CharacterId, ObjectKey, Size, Source, SourceUse, VideoSpec
from filmgate.core.video import Asset, Dialect, Failure, Status, Video, VideoId

COLUMNS: Final = """
    id, account_id, dialect, model, engine, prompt, width, height, seconds, seed, reference_keys,
    character_ids, source_use, source_key, source_duration, source_video_id, remixed_from, api_key_id,
    price_per_second, charge, status, progress, attempt, unavailable_count, crash_count, lost_count,
    revision, fair_start, fair_cost, is_admitted, created_at, started_at, completed_at, expires_at,
    deleted_at, file_key, file_bytes, file_duration, has_pictures, failure_code, failure_message
"""

MESSAGE_LIMIT: Final = 2_000
"""Characters of what an engine says that are kept."""


async def now(connection: asyncpg.Connection) -> datetime:
    """The database's clock, the only one that rules: hosts may disagree."""
    moment: datetime = await connection.fetchval("select now()")
    return moment


async def find(connection: asyncpg.Connection, video_id: VideoId) -> Video | None:
    """Whoever owns it, deleted or not."""
    row = await connection.fetchrow(f"select {COLUMNS} from video where id = $1", video_id)
    return video_of(row) if row else None


async def find_at(
    connection: asyncpg.Connection, video_id: VideoId
) -> tuple[Video | None, datetime]:
    """As `find`, with the moment at which it was so."""
    row = await connection.fetchrow(
        f"select now() as found_at, {COLUMNS} from (values (true)) as one left join video on id = $1",
        video_id,
    )
    return (video_of(row) if row["id"] else None), row["found_at"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which it is seen whether a video has changed, or the place at which it stands."""

    revision: int
    fair_start: int
    is_admitted: bool


async def read_stamps(
    connection: asyncpg.Connection, ids: Collection[VideoId]
) -> dict[VideoId, Stamp]:
    """Of the videos among these that there are, whoever's they are."""
    rows = await connection.fetch(
        "select id, revision, fair_start, is_admitted from video where id = any($1::text[])",
        list(ids),
    )
    return {VideoId(row[0]): Stamp(row[1], row[2], row[3]) for row in rows}


async def find_all(connection: asyncpg.Connection, ids: Collection[VideoId]) -> list[Video]:
    """As `find`, of many."""
    rows = await connection.fetch(
        f"select {COLUMNS} from video where id = any($1::text[])", list(ids)
    )
    return [video_of(row) for row in rows]


async def find_changed(connection: asyncpg.Connection, known: Mapping[VideoId, int]) -> list[Video]:
    """Those whose revision is higher than the one that is known of them, deleted or not."""
    rows = await connection.fetch(
        f"""
        select {COLUMNS} from video
        join unnest($1::text[], $2::bigint[]) as known (known_id, known_revision)
            on video.id = known_id and video.revision > known_revision
        """,
        list(known.keys()),
        list(known.values()),
    )
    return [video_of(row) for row in rows]


async def lock(connection: asyncpg.Connection, video_id: VideoId) -> Video | None:
    """As `find`, and nobody else changes it before this transaction ends."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from video where id = $1 for update", video_id
    )
    return video_of(row) if row else None


async def update(
    connection: asyncpg.Connection, before: Video, after: Video, *, worker_id: UUID | None = None
) -> bool:
    """Write the change down if the video still stands where `before` says. Return whether it did.

    `worker_id` is that of a worker which takes it.

    The fence of every write: same attempt, same status. A worker that lost its video gets False.
    """
    asset, failure = after.asset, after.failure
    touched = await connection.fetchval(
        """
        update video set
            status = $4, progress = greatest(progress, $5), attempt = $6, unavailable_count = $7,
            started_at = $8, completed_at = $9, expires_at = $10, deleted_at = $11,
            file_key = $12, file_bytes = $13, file_duration = $14,
            failure_code = $15, failure_message = $16, has_pictures = $17, crash_count = $18,
            lost_count = $19, charge = $20, worker_id = coalesce($21, worker_id),
            heartbeat_at = now(), updated_at = now(), revision = revision + 1
        where id = $1 and attempt = $2 and status = $3
        returning true
        """,
        before.id,
        before.attempt,
        before.status,
        after.status,
        after.progress,
        after.attempt,
        after.unavailable_count,
        after.started_at,
        after.completed_at,
        after.expires_at,
        after.deleted_at,
        asset.key if asset else None,
        asset.size_bytes if asset else None,
        asset.duration if asset else None,
        _storable(failure.code) if failure else None,
        _storable(failure.message) if failure else None,
        asset is not None and asset.has_pictures,
        after.crash_count,
        after.lost_count,
        after.charge,
        worker_id,
    )
    return bool(touched)


async def touch(
    connection: asyncpg.Connection, progress: Sequence[tuple[VideoId, int, int]]
) -> set[tuple[VideoId, int]]:
    """A worker's sign of life for the attempts that it holds: (video, attempt, percent) each.

    Return those that are still its own; the others were cancelled, deleted or superseded. Locked in the order of
    their ids, as by all that change many which somebody may hold: so no two of them wait for each other.
    """
    rows = await connection.fetch(
        """
        with locked as materialized (
            select id from video where id = any($1::text[]) order by id for no key update)
        update video set
            progress = greatest(video.progress, held.percent),
            revision = revision + (video.progress < held.percent)::int,
            updated_at = case when video.progress < held.percent then now() else updated_at end,
            heartbeat_at = now()
        from unnest($1::text[], $2::int[], $3::int[]) as held (id, attempt, percent)
        where video.id = held.id and video.attempt = held.attempt and video.status = 'in_progress'
          and (select count(*) from locked) > 0  -- all of them, before the first is written
        returning video.id, video.attempt
        """,
        [video_id for video_id, _, _ in progress],
        [attempt for _, attempt, _ in progress],
        [percent for _, _, percent in progress],
    )
    return {(row["id"], row["attempt"]) for row in rows}


async def save_token(
    connection: asyncpg.Connection, video_id: VideoId, *, attempt: int, token: Token
) -> bool:
    """Keep an engine's resume point. Return whether the attempt is still the latest.

    The first one needs a video that is still being made. A later one is kept after a cancellation, too: what
    goes on elsewhere can only be stopped by who knows its name.
    """
    touched = await connection.fetchval(
        """
        update video set token = $3, revision = revision + 1
        where id = $1 and attempt = $2 and (status = 'in_progress' or token <> '{}'::jsonb)
        returning true
        """,
        video_id,
        attempt,
        json.dumps(dict(token)),
    )
    return bool(touched)


async def read_token(connection: asyncpg.Connection, video_id: VideoId) -> Token | None:
    """The resume point that the latest `save_token` left."""
    text = await connection.fetchval("select token from video where id = $1", video_id)
    return json.loads(text) if text else None


async def to_empty(
    connection: asyncpg.Connection, *, grace: timedelta, limit: int
) -> list[VideoId]:
    """Finished videos whose objects have had their time, longest overdue first.

    A deleted one has had it at once, or as soon as its worker must have noticed; the others keep theirs for
    `grace` longer than any link says.
    """
    rows = await connection.fetch(
        """
        select id from video
        where emptied_at is null and status not in ('queued', 'in_progress')
          and coalesce(deleted_at, expires_at, completed_at) <= now()
          and case when deleted_at is null then coalesce(expires_at, completed_at) <= now() - $1::interval
                   else status = 'completed' or deleted_at <= now() - interval '1 minute' end
        order by coalesce(deleted_at, expires_at, completed_at) limit $2
        """,
        grace,
        limit,
    )
    return [row["id"] for row in rows]


async def mark_emptied(connection: asyncpg.Connection, video_id: VideoId) -> None:
    """Remember that no object of the video is left."""
    await connection.execute("update video set emptied_at = now() where id = $1", video_id)


@dataclass(frozen=True, slots=True)
class Holding:
    """Which objects a video has: those of the attempt `kept`, if any's; none of one after `reached` exist."""

    reached: int
    kept: int | None
    is_emptied: bool


async def find_holdings(connection: asyncpg.Connection, ids: Collection[str]) -> dict[str, Holding]:
    """Of the videos among these that there are, whoever's they are."""
    rows = await connection.fetch(
        """
        select id, attempt as reached, emptied_at is not null as is_emptied,
               case when status = 'in_progress' then attempt
                    when file_key is not null then split_part(file_key, '/', 3)::int end as kept
        from video where id = any($1::text[])
        """,
        list(ids),
    )
    return {
        row["id"]: Holding(row["reached"], kept=row["kept"], is_emptied=row["is_emptied"])
        for row in rows
    }


def video_of(row: asyncpg.Record) -> Video:
    """A row of COLUMNS, read."""
    return Video(
        id=row["id"],
        account_id=row["account_id"],
        dialect=Dialect(row["dialect"]),
        spec=_spec(row),
        status=Status(row["status"]),
        progress=row["progress"],
        attempt=row["attempt"],
        api_key_id=row["api_key_id"],
        price_per_second=row["price_per_second"],
        charge=row["charge"],
        unavailable_count=row["unavailable_count"],
        crash_count=row["crash_count"],
        lost_count=row["lost_count"],
        revision=row["revision"],
        place=Place(row["fair_start"], row["fair_cost"], is_admitted=row["is_admitted"]),
        created_at=row["created_at"],
        remixed_from=row["remixed_from"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        expires_at=row["expires_at"],
        deleted_at=row["deleted_at"],
        asset=_asset(row),
        failure=_failure(row),
    )


def _spec(row: asyncpg.Record) -> VideoSpec:
    return VideoSpec(
        model=row["model"],
        engine=row["engine"],
        prompt=row["prompt"],
        size=Size(row["width"], row["height"]),
        seconds=row["seconds"],
        seed=row["seed"],
        references=tuple(ObjectKey(key) for key in row["reference_keys"]),
        characters=tuple(CharacterId(each) for each in row["character_ids"]),
        source=_source(row),
    )


def _source(row: asyncpg.Record) -> Source | None:
    if row["source_use"] is None:
        return None
    return Source(
        use=SourceUse(row["source_use"]),
        key=ObjectKey(row["source_key"]),
        duration=row["source_duration"],
        video_id=row["source_video_id"],
    )


def _asset(row: asyncpg.Record) -> Asset | None:
    if row["file_key"] is None:
        return None
    return Asset(
        key=ObjectKey(row["file_key"]),
        size_bytes=row["file_bytes"],
        duration=row["file_duration"],
        has_pictures=row["has_pictures"],
    )


def _failure(row: asyncpg.Record) -> Failure | None:
    if row["failure_code"] is None:
        return None
    return Failure(row["failure_code"], row["failure_message"])


def _storable(text: str) -> str:
    """What an engine says may hold what PostgreSQL does not: NUL, or half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:MESSAGE_LIMIT]
