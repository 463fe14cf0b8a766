"""Sightings: what this process has last seen of videos, as bytes that are ready to be sent.

Whoever polls is answered from here. What is too old to be told is looked up for all who ask in the same moment with
one query, and only what has changed is read and written out anew. Nobody is ever told less than somebody was told
here before: a sighting gives way to those of a higher revision alone.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from math import inf
from sys import getsizeof
from typing import NoReturn

import structlog

from filmgate.core.account import AccountId
from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import Video, VideoId
from filmgate.database.connection import Database
from filmgate.database.videos import Stamp
from filmgate.usecases import following
from filmgate.usecases.line import Waiting, waiting_of

GOOD_FOR = timedelta(milliseconds=250)
"""How old what is told may be, should the notice of something newer be late or lost."""

REMEMBERED = 100_000
REMEMBERED_BYTES = 192 * 1024 * 1024
"""A prompt can be long."""

_BYTES_EACH = 1_000
"""Of a sighting and what is made of it, beside the body."""

_AT_ONCE = 500
"""Rows that are read with one query: the event loop has others to serve."""

_PATIENCE = 2.0
"""Seconds. On a connection that hangs, everybody would wait; the routes have others."""

log = structlog.get_logger("filmgate.http")


@dataclass(frozen=True, slots=True)
class Words:
    """How a video is to be written out. Two of the same `name` write the same."""

    name: Hashable
    write: Callable[[Video], str]


@dataclass(slots=True, eq=False)
class Sighting:
    """`revision` is the highest that anybody was told of, and `body` says what it holds, in the words of `name`.

    Without a body it has to be read before it can be told. `answer` is for whoever tells it, to keep what was made
    of the body.
    """

    account_id: AccountId
    revision: int
    waiting: Waiting | None = None
    is_terminal: bool = False
    name: Hashable = None
    body: str | None = None
    size: int = _BYTES_EACH
    """In bytes, about."""
    good_until: float = 0.0
    answer: object = None

    def is_stamped(self, stamp: Stamp) -> bool:
        """Whether the row still holds what this is of."""
        is_there = self.waiting is None or (
            stamp.fair_start == self.waiting.place.start
            and stamp.is_admitted == self.waiting.place.is_admitted
        )
        return is_there and stamp.revision == self.revision


Told = Callable[[Sighting | None], None]
"""Whoever asked, to be told what was seen."""


@dataclass(slots=True, eq=False)
class _Look:
    """What is looked up together, and who is told of it at its end."""

    wanted: dict[VideoId, Words] = field(default_factory=dict)
    heard: set[VideoId] = field(default_factory=set)
    """Changed while they were being read: perhaps after."""
    began: float = inf
    askers: list[tuple[VideoId, Hashable, Told]] = field(default_factory=list)


class Sightings:
    """One for each process. Nobody is told anything from here unless `run` is running."""

    def __init__(
        self,
        database: Database,
        *,
        remembered: int = REMEMBERED,
        remembered_bytes: int = REMEMBERED_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._remembered = remembered
        self._remembered_bytes = remembered_bytes
        self._clock = clock
        self._sightings: OrderedDict[VideoId, Sighting] = OrderedDict()
        self._bytes = 0
        self._next = _Look()
        self._has_next = asyncio.Event()
        self._under_way: _Look | None = None
        self.is_running = False

    def __len__(self) -> int:
        return len(self._sightings)

    def find(self, video_id: VideoId, name: Hashable) -> Sighting | None:
        """What can be told of the video in these words without a look."""
        return self._good_at(self._clock(), video_id, name)

    async def look(self, video_id: VideoId, words: Words) -> Sighting | None:
        """As `find`, after a look. None where there is no such video, or it cannot be told."""
        look, ended = self._next, asyncio.Event()
        if not self.look_for(video_id, words, lambda _: ended.set()):
            return None
        await ended.wait()
        return self._seen_by(look, video_id, words.name)

    def look_for(self, video_id: VideoId, words: Words, told: Told) -> bool:
        """As `look`, for whoever does not wait in a task: `told` is called at its end. Return whether it will be."""
        if self.is_running:
            self._next.wanted[video_id] = words
            self._next.askers.append((video_id, words.name, told))
            self._has_next.set()
        return self.is_running

    def note(self, video: Video) -> None:
        """Somebody is told of the video at this moment, by other ways. Its deletion is a revision too."""
        if video.revision == 0:
            return  # there is nothing less that anybody could be told
        sighting = self._sightings.get(video.id)
        if sighting is None or sighting.revision < video.revision:
            self._keep(video.id, Sighting(video.account_id, video.revision))

    def heard(self, video_id: VideoId) -> None:
        """The video has changed."""
        sighting = self._sightings.get(video_id)
        if sighting is not None:
            sighting.good_until = 0.0
        if self._under_way is not None:
            self._under_way.heard.add(video_id)

    @contextmanager
    def telling_of(self, video_id: VideoId) -> Iterator[None]:
        """Around whatever says how the video stands without showing it, as refusals do: no poll is told less then."""
        try:
            yield
        finally:
            self.heard(video_id)

    def missed(self) -> None:
        """Any video may have changed."""
        for sighting in self._sightings.values():
            sighting.good_until = 0.0
        if self._under_way is not None:
            self._under_way.heard.update(self._under_way.wanted)

    async def run(self) -> NoReturn:
        """Look things up until cancelled."""
        self.is_running = True
        try:
            while True:
                await self._has_next.wait()
                self._has_next.clear()
                look, self._next = self._next, _Look()
                await self._look_up(look)
        finally:
            self.is_running = False
            look, self._next = self._next, _Look()
            self._tell(look)

    async def _look_up(self, look: _Look) -> None:
        self._under_way, look.began = look, self._clock()
        try:
            wanted = iter(look.wanted)
            async with asyncio.timeout(_PATIENCE):
                while batch := list(islice(wanted, _AT_ONCE)):
                    await self._read(batch, look)
        except (DatabaseUnavailable, TimeoutError):
            log.info("database away, nothing was looked up", videos=len(look.wanted))
        except Exception:
            # Whoever asked for that one is told so by the routes, and all the others go on.
            log.exception("videos could not be looked up", videos=len(look.wanted))
        finally:
            self._under_way = None
            self._tell(look)

    def _tell(self, look: _Look) -> None:
        loop, askers = asyncio.get_running_loop(), look.askers
        look.askers = []  # it may be a while until the next look
        for video_id, name, told in askers:
            # Each by itself: should one fail, the others are told all the same.
            loop.call_soon(self._tell_one, look, video_id, name, told)

    def _tell_one(self, look: _Look, video_id: VideoId, name: Hashable, told: Told) -> None:
        # Only now: a moment ago somebody may have been told of a later revision, by other ways.
        told(self._seen_by(look, video_id, name))

    def _seen_by(self, look: _Look, video_id: VideoId, name: Hashable) -> Sighting | None:
        """Good when the look began is good enough for who asked before: however long it took, the next takes no less."""
        return self._good_at(look.began, video_id, name)

    async def _read(self, batch: Sequence[VideoId], look: _Look) -> None:
        """Most have not changed: their stamps say so, and are read in a tenth of the time."""
        began = self._clock()
        stamps = await following.read_stamps(self._database, batch)
        changed = [each for each in stamps if not self._holds(each, stamps[each], look)]
        for video in await following.find_all(self._database, changed) if changed else ():
            self._see(video, look.wanted[video.id])
        for video_id in stamps:
            sighting = self._sightings.get(video_id)
            if sighting is not None and sighting.body is not None and video_id not in look.heard:
                sighting.good_until = began + GOOD_FOR.total_seconds()

    def _good_at(self, moment: float, video_id: VideoId, name: Hashable) -> Sighting | None:
        sighting = self._sightings.get(video_id)
        if sighting is None or sighting.good_until <= moment or sighting.name != name:
            return None
        self._sightings.move_to_end(video_id)
        return sighting

    def _holds(self, video_id: VideoId, stamp: Stamp, look: _Look) -> bool:
        sighting = self._sightings.get(video_id)
        if sighting is None or sighting.body is None:
            return False
        return sighting.name == look.wanted[video_id].name and sighting.is_stamped(stamp)

    def _see(self, video: Video, words: Words) -> None:
        before = self._sightings.get(video.id)
        if before is not None and video.revision < before.revision:
            return  # read before somebody was told of a later one
        sighting = Sighting(video.account_id, video.revision)
        if video.deleted_at is None:
            sighting.waiting = waiting_of(video)
            sighting.is_terminal = video.status.is_terminal
            sighting.name, sighting.body = words.name, words.write(video)
            # As text here, and as bytes where it is told.
            sighting.size += getsizeof(sighting.body) + len(sighting.body.encode())
        self._keep(video.id, sighting)

    def _keep(self, video_id: VideoId, sighting: Sighting) -> None:
        self._drop(video_id)
        self._sightings[video_id] = sighting
        self._bytes += sighting.size
        while len(self._sightings) > self._remembered or self._bytes > self._remembered_bytes:
            self._drop(next(iter(self._sightings)))

    def _drop(self, video_id: VideoId) -> None:
        dropped = self._sightings.pop(video_id, None)
        if dropped is not None:
            self._bytes -= dropped.size
