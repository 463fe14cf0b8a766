"""Watch: tells all who wait in this process what becomes of videos, from one connection that listens.

A notice only says where to look. What was seen is one query for everybody, also every two seconds, should a
notice have been lost.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import NoReturn

import structlog

from filmgate.core.account import AccountId
from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import Video, VideoId
from filmgate.database import notices
from filmgate.database.connection import Database
from filmgate.database.listening import listen
from filmgate.http.following.alarms import Alarm
from filmgate.http.sightings import Sightings
from filmgate.usecases import following

LOOK_AGAIN = timedelta(seconds=2)
NEWS_LIMIT = 1_000
"""Of how many videos one stream's unread progress is remembered."""
_BATCH = 500
"""Rows that are read at once: the event loop has others to serve."""
_UNSEEN = -1
log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class FollowedVideo:
    """A video as it was seen last, and those who wait for it."""

    video: Video
    alarms: set[Alarm] = field(default_factory=set)

    def see(self, video: Video) -> None:
        if video.revision > self.video.revision:
            self.video = video
            _ring(self.alarms)


@dataclass(slots=True, eq=False)
class AccountFollower:
    """What one stream has not yet told of its account's videos. Only the newest of each is kept."""

    alarm: Alarm
    last_position: int = 0
    has_ended: bool = True
    """Some video may have, and its event not have been read yet."""
    _news: dict[VideoId, Video] = field(default_factory=dict)

    def see(self, video: Video) -> None:
        if video.status.is_terminal:
            self.see_ending()
            return
        self._news.pop(video.id, None)
        self._news[video.id] = video
        if len(self._news) > NEWS_LIMIT:
            del self._news[next(iter(self._news))]
        self.alarm.ring()

    def see_ending(self) -> None:
        self.has_ended = True
        self.alarm.ring()

    def see_position(self, position: int) -> None:
        if position > self.last_position:
            self.last_position = position
            self.alarm.ring()

    def take(self) -> list[Video]:
        """Unfinished videos that have changed."""
        news, self._news = self._news, {}
        return list(news.values())


class Watch:
    """One for each process. Nobody is told anything unless `run` is running."""

    def __init__(self, database: Database, sightings: Sightings) -> None:
        self._database = database
        self._sightings = sightings
        self._videos: dict[VideoId, FollowedVideo] = {}
        self._accounts: defaultdict[AccountId, set[AccountFollower]] = defaultdict(set)
        self._due: dict[VideoId, int] = {}
        """Where to look, and which revision is known."""
        self._are_accounts_due = False
        self._has_due = asyncio.Event()
        self._alarms: set[Alarm] = set()
        self.is_closing = False

    @property
    def waiting(self) -> int:
        """How many requests follow something at the moment."""
        return len(self._alarms)

    async def run(self) -> NoReturn:
        """Listen and look until cancelled."""
        async with asyncio.TaskGroup() as work:
            work.create_task(
                listen(
                    self._database.dsn,
                    notices.CHANNEL,
                    heard=self._heard,
                    missed=self._missed,
                )
            )
            work.create_task(self._look_when_due())
            while True:
                await asyncio.sleep(LOOK_AGAIN.total_seconds())
                self._look_everywhere()

    def close(self) -> None:
        """Let all who wait come to an end, and nobody wait any more."""
        self.is_closing = True
        _ring(self._alarms)

    @contextmanager
    def follow(self, video: Video, alarm: Alarm) -> Iterator[FollowedVideo]:
        """Rings whenever the video has changed. Whether the caller may see it is the caller's business."""
        self._sightings.note(video)
        followed = self._videos.setdefault(video.id, FollowedVideo(video))
        followed.see(video)
        followed.alarms.add(alarm)
        self._look_at(video.id, followed.video.revision)  # since the caller did
        with self._closing_rings(alarm):
            try:
                yield followed
            finally:
                followed.alarms.discard(alarm)
                if not followed.alarms:
                    self._videos.pop(video.id, None)

    @contextmanager
    def follow_account(self, account_id: AccountId, alarm: Alarm) -> Iterator[AccountFollower]:
        """Rings whenever one of the account's videos has changed."""
        follower = AccountFollower(alarm)
        self._accounts[account_id].add(follower)
        with self._closing_rings(alarm):
            try:
                yield follower
            finally:
                self._accounts[account_id].discard(follower)
                if not self._accounts[account_id]:
                    del self._accounts[account_id]

    def tells_of(self, video_id: VideoId) -> None:
        """Somebody is told of a change that no notice may have told of yet."""
        self._sightings.heard(video_id)

    @contextmanager
    def _closing_rings(self, alarm: Alarm) -> Iterator[None]:
        self._alarms.add(alarm)
        try:
            yield
        finally:
            self._alarms.discard(alarm)

    def _heard(self, payload: str) -> None:
        for account_id, video_id in notices.read(payload):
            self._sightings.heard(video_id)
            if account_id in self._accounts or video_id in self._videos:
                self._look_at(video_id, _UNSEEN)

    def _missed(self) -> None:
        self._sightings.missed()
        self._look_everywhere()

    def _look_everywhere(self) -> None:
        for video_id, followed in self._videos.items():
            self._look_at(video_id, followed.video.revision)
        if self._accounts:
            self._are_accounts_due = True
            self._has_due.set()

    def _look_at(self, video_id: VideoId, known_revision: int) -> None:
        self._due[video_id] = min(known_revision, self._due.get(video_id, known_revision))
        self._has_due.set()

    async def _look_when_due(self) -> NoReturn:
        while True:
            await self._has_due.wait()
            self._has_due.clear()
            due, self._due = self._due, {}
            try:
                await self._look(due)
            except DatabaseUnavailable:
                log.warning("database away, nothing seen")

    async def _look(self, due: dict[VideoId, int]) -> None:
        asked = iter(due.items())
        while batch := dict(islice(asked, _BATCH)):
            for video in await following.find_changed(self._database, batch):
                self._see(video)
        if self._are_accounts_due:
            self._are_accounts_due = False
            await self._look_for_events()

    async def _look_for_events(self) -> None:
        ends = await following.last_positions(self._database, list(self._accounts))
        for account_id, position in ends.items():
            for follower in self._accounts.get(account_id, ()):
                follower.see_position(position)

    def _see(self, video: Video) -> None:
        self._sightings.note(video)
        if followed := self._videos.get(video.id):
            followed.see(video)
        for follower in self._accounts.get(video.account_id, ()):
            follower.see(video)


def _ring(alarms: set[Alarm]) -> None:
    for alarm in alarms:
        alarm.ring()
