"""A worker's hand that takes the very video a test is about, wherever it stands in the line."""

from datetime import timedelta
from uuid import uuid4

from filmgate.core.spec import ObjectKey
from filmgate.core.video import Asset, Status, Video, VideoId
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.usecases import events, rendering

ASSET = Asset(key=ObjectKey("videos/x/1/video.mp4"), size_bytes=1, duration=8.0)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def begin(database: Database, video_id: VideoId) -> Video:
    """A new attempt; of a video in progress, as if its worker had fallen silent."""
    async with database.transaction() as connection:
        video = await videos.lock(connection, video_id)
        assert video is not None
        at = await videos.now(connection)
        claim = video.take_over if video.status is Status.IN_PROGRESS else video.claim
        claimed = claim(at=at)
        await videos.update(connection, video, claimed, worker_id=uuid4())
    await events.tell(database, claimed)
    return claimed


async def complete(
    database: Database, video: Video, *, asset: Asset = ASSET, keep_for: timedelta = DAY
) -> bool:
    """What a worker does once the film is stored."""
    return await rendering.complete(database, video, asset, keep_for=keep_for, took=MINUTE)
