"""Following: what those ask who want to know at once what becomes of videos."""

from collections.abc import Collection, Mapping

from filmgate.core.account import AccountId
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.video import Video, VideoId
from filmgate.database import events, videos
from filmgate.database.connection import Database
from filmgate.database.videos import Stamp


async def find_changed(database: Database, known: Mapping[VideoId, int]) -> list[Video]:
    """Those that are newer than the revision which is known of them. For those who may see them."""
    async with database.connection() as connection:
        return await videos.find_changed(connection, known)


async def read_stamps(database: Database, ids: Collection[VideoId]) -> dict[VideoId, Stamp]:
    """By which it is seen which of these have changed. For those who may see them."""
    async with database.connection() as connection:
        return await videos.read_stamps(connection, ids)


async def find_all(database: Database, ids: Collection[VideoId]) -> list[Video]:
    """These, deleted or not. For those who may see them."""
    async with database.connection() as connection:
        return await videos.find_all(connection, ids)


async def last_positions(
    database: Database, account_ids: Collection[AccountId]
) -> dict[AccountId, int]:
    """Where each account's events end at the moment; zero where nothing has happened yet."""
    async with database.connection() as connection:
        return await events.last_positions(connection, account_ids)


async def events_after(
    database: Database, position: int, *, account_id: AccountId, limit: int
) -> list[Event]:
    """The account's events behind that position, oldest first."""
    async with database.connection() as connection:
        return await events.list_after(connection, account_id, position=position, limit=limit)


async def ending_of(database: Database, video: Video) -> Event:
    """The event that the terminal video's end was; made up again if it was forgotten long ago."""
    async with database.connection() as connection:
        found = await events.find_of_video(connection, video.id)
    return found or Event(
        id=EventId(video.id),
        position=0,
        account_id=video.account_id,
        video_id=video.id,
        type=EventType.of(video.status),
        created_at=video.completed_at or video.created_at,
    )
