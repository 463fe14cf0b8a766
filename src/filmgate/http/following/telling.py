"""What a stream has to tell: of one video until its end, or of all of an account's videos from a position on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from filmgate.core.account import AccountId
from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.event import Event, event_body
from filmgate.core.video import Status, Video, VideoId
from filmgate.database.connection import Database
from filmgate.http.following.alarms import Alarm
from filmgate.http.following.event_stream import event_frame
from filmgate.http.following.watching import AccountFollower, FollowedVideo, Watch
from filmgate.usecases import following

_PAGE = 100
_REMEMBERED = 1_000
_PROGRESS = "video.progress"


class Teller(Protocol):
    """Each `tell` returns the frames that are new since the one before; one that is over has no more."""

    @property
    def is_over(self) -> bool: ...

    async def tell(self) -> list[str]: ...


@contextmanager
def video_teller(
    watch: Watch, database: Database, video: Video, *, position: int, alarm: Alarm
) -> Iterator[Teller]:
    """Where the video stands, each change of that, and its end.

    `position` is where the account's events ended before the video was looked at.
    """
    with watch.follow(video, alarm) as followed:
        yield _VideoTeller(database, followed, position)


@contextmanager
def account_teller(
    watch: Watch, database: Database, account_id: AccountId, *, position: int, alarm: Alarm
) -> Iterator[Teller]:
    """Every stored event behind the position, and the progress of unfinished videos in between."""
    with watch.follow_account(account_id, alarm) as follower:
        yield _AccountTeller(watch, database, account_id, follower, position)


@dataclass(slots=True)
class _VideoTeller:
    database: Database
    followed: FollowedVideo
    position: int
    is_over: bool = False
    _told: tuple[Status, int] | None = None

    async def tell(self) -> list[str]:
        video = self.followed.video
        if video.deleted_at is not None:
            self.is_over = True
            return []
        if video.status.is_terminal:
            ending = await following.ending_of(self.database, video)
            self.is_over = True
            return [_event(ending, position=max(ending.position, self.position))]
        if (video.status, video.progress) == self._told:
            return []
        self._told = (video.status, video.progress)
        return [_progress(video, position=self.position)]


@dataclass(slots=True)
class _AccountTeller:
    watch: Watch
    database: Database
    account_id: AccountId
    follower: AccountFollower
    position: int
    _told: dict[VideoId, tuple[Status, int] | None] = field(default_factory=dict)
    """None where the end was told: what was seen before it may still be on its way."""

    @property
    def is_over(self) -> bool:
        return False

    async def tell(self) -> list[str]:
        # Progress first: it was read before the events are, so it cannot tell of a time behind them. And by
        # itself: reading them may fail, and what was taken must have been told by then.
        news = [video for video in self.follower.take() if self._is_new(video)]
        if not news:
            return [_event(event, position=event.position) for event in await self._stored()]
        for video in news:
            self._remember(video.id, (video.status, video.progress))
        self.follower.alarm.ring()
        return [_progress(video, position=self.position) for video in news]

    async def _stored(self) -> list[Event]:
        """One page of them; the alarm rings at once where there may be another."""
        if not (self.follower.has_ended or self.follower.last_position > self.position):
            return []
        self.follower.has_ended = False
        try:
            page = await following.events_after(
                self.database, self.position, account_id=self.account_id, limit=_PAGE
            )
        except DatabaseUnavailable:
            self.follower.has_ended = True
            raise
        for event in page:
            self.position = event.position
            self._remember(event.video_id, None)
            self.watch.tells_of(event.video_id)
        if len(page) == _PAGE:
            self.follower.see_ending()
        return page

    def _is_new(self, video: Video) -> bool:
        if video.deleted_at is not None:
            return False
        unheard = (video.status, -1)
        told = self._told.get(video.id, unheard)
        return told is not None and told != (video.status, video.progress)

    def _remember(self, video_id: VideoId, told: tuple[Status, int] | None) -> None:
        self._told.pop(video_id, None)
        self._told[video_id] = told
        if len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]


def _event(event: Event, *, position: int) -> str:
    return event_frame(event.type.value, event_body(event), position=position)


def _progress(video: Video, *, position: int) -> str:
    """An unfinished video's statuses are the same in our words and in openai's."""
    body = {
        "object": "event",
        "created_at": int(datetime.now(UTC).timestamp()),
        "type": _PROGRESS,
        "data": {
            "id": f"video_{video.id}",
            "status": video.status.value,
            "progress": video.progress,
        },
    }
    return event_frame(_PROGRESS, body, position=position)
