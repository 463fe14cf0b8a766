"""Videos, as the accounts that own them see them: retrieve, list, cancel, delete.

An id tells a stranger nothing: whatever is not the caller's own does not exist.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from filmgate.core.account import AccountId
from filmgate.core.errors import InvalidTransition, VideoExpired, VideoNotFound
from filmgate.core.video import Status, Video, VideoId, new_video_id
from filmgate.database import lists, videos
from filmgate.database.connection import Database
from filmgate.usecases import events
from filmgate.usecases.endings import end


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an account's videos; `has_more` when others follow."""

    videos: tuple[Video, ...]
    has_more: bool


def new_id() -> VideoId:
    """An id for a video about to be created, so that its references can be stored under it first."""
    return new_video_id(datetime.now(UTC))


async def retrieve(database: Database, video_id: VideoId, *, account_id: AccountId) -> Video:
    """Raises VideoNotFound."""
    async with database.connection() as connection:
        return _own(await videos.find(connection, video_id), account_id)


async def retrieve_finished(
    database: Database, video_id: VideoId, *, account_id: AccountId
) -> Video:
    """A video that others can be made from. Raises VideoNotFound, or InvalidTransition."""
    video = await retrieve(database, video_id, account_id=account_id)
    if video.status is not Status.COMPLETED:
        raise InvalidTransition(
            f"The video is {video.status}; another can be made from it once it is completed."
        )
    return video


async def retrieve_kept(database: Database, video_id: VideoId, *, account_id: AccountId) -> Video:
    """As `retrieve_finished`, and its objects are there to be used. Raises VideoExpired."""
    video = await retrieve_finished(database, video_id, account_id=account_id)
    await check_kept(database, video)
    return video


async def check_kept(database: Database, video: Video) -> None:
    """Raises VideoExpired: nothing must live on, in another video, longer than was promised."""
    if video.is_expired(at=await database.now()):
        raise VideoExpired(
            "The video's day is over, and so is that of all it was made from; only the record remains."
        )


async def list_page(
    database: Database,
    *,
    account_id: AccountId,
    after: VideoId | None,
    limit: int,
    newest_first: bool,
) -> Page:
    """The account's videos in order of creation, from behind `after`, which need not exist any more."""
    async with database.connection() as connection:
        found = await lists.read_page(
            connection, account_id, after=after, limit=limit + 1, newest_first=newest_first
        )
    return Page(tuple(found[:limit]), has_more=len(found) > limit)


async def cancel(database: Database, video_id: VideoId, *, account_id: AccountId) -> Video:
    """Stop the video. Its worker notices within a second. Raises InvalidTransition when it is finished."""
    async with database.transaction() as connection:
        video = _own(await videos.lock(connection, video_id), account_id)
        if video.status.is_terminal:
            raise InvalidTransition(
                f"The video is {video.status} already; only a queued or running one can be cancelled."
            )
        cancelled = video.cancel(at=await videos.now(connection))
        await end(connection, video, cancelled)  # locked: nobody can have come between
    await events.tell(database, cancelled)
    return replace(cancelled, revision=video.revision + 1)


async def delete(database: Database, video_id: VideoId, *, account_id: AccountId) -> Video:
    """Hide the video at once and for good; its work stops and its objects go."""
    async with database.transaction() as connection:
        video = _own(await videos.lock(connection, video_id), account_id)
        deleted = video.delete(at=await videos.now(connection))
        if video.status.is_terminal:
            await videos.update(connection, video, deleted)
        else:
            await end(connection, video, deleted)
    await events.tell(database, deleted)
    return replace(deleted, revision=video.revision + 1)


def _own(video: Video | None, account_id: AccountId) -> Video:
    if video is None or video.account_id != account_id or video.deleted_at is not None:
        raise VideoNotFound
    return video
