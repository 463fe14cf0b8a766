"""Videos written down at places and moments of a test's choice, where acceptance would have chosen others."""

from collections.abc import Sequence

import asyncpg

from filmgate.core.account import Caller
from filmgate.core.candidate import Candidate
from filmgate.core.fairness import Ticket
from filmgate.core.video import Video
from filmgate.database import acceptance


async def insert(connection: asyncpg.Connection, videos: Sequence[Video]) -> None:
    """Queued, whatever they are."""
    await acceptance.write(connection, dict(map(_entered, videos)))
    await connection.execute(
        """
        update video set fair_start = placed.start, created_at = placed.at
        from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as placed (id, start, at)
        where video.id = placed.id
        """,
        [video.id for video in videos],
        [video.place.start for video in videos if video.place],
        [video.created_at for video in videos],
    )


def _entered(video: Video) -> tuple[Candidate, Ticket]:
    assert video.place is not None
    assert video.api_key_id is not None
    candidate = Candidate(
        video_id=video.id,
        spec=video.spec,
        caller=Caller(video.account_id, video.api_key_id),
        dialect=video.dialect,
        price_per_second=video.price_per_second,
        remixed_from=video.remixed_from,
    )
    return candidate, Ticket(video.place.cost, is_admitted=video.place.is_admitted)
