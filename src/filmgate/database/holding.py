"""What a worker holds, many videos at a time: claims, take-overs and hand-backs in one statement each."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from filmgate.core.video import Video, VideoId


async def change(
    connection: asyncpg.Connection,
    changes: Sequence[tuple[Video, Video]],
    *,
    worker_id: UUID | None = None,
) -> set[VideoId]:
    """Write down who stands (before, after) how: status, attempt, start and lost count, and nothing else.

    `worker_id` is that of a worker which takes them. Fenced one by one, as `videos.update` is: return those that stood
    as they were expected to. Locked in the order of their ids, as `videos.touch` does.
    """
    rows = await connection.fetch(
        """
        with locked as materialized (
            select id from video where id = any($1::text[]) order by id for no key update)
        update video set
            status = changed.status, attempt = changed.attempt, started_at = changed.started_at,
            lost_count = changed.lost_count, worker_id = coalesce($8, worker_id),
            heartbeat_at = now(), updated_at = now(), revision = revision + 1
        from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::timestamptz[], $7::int[])
            as changed (id, attempt_before, status_before, status, attempt, started_at, lost_count)
        where video.id = changed.id and video.attempt = changed.attempt_before
          and video.status = changed.status_before
          and (select count(*) from locked) > 0  -- all of them, before the first is written
        returning video.id
        """,
        [before.id for before, _ in changes],
        [before.attempt for before, _ in changes],
        [before.status for before, _ in changes],
        [after.status for _, after in changes],
        [after.attempt for _, after in changes],
        [after.started_at for _, after in changes],
        [after.lost_count for _, after in changes],
        worker_id,
    )
    return {row["id"] for row in rows}
