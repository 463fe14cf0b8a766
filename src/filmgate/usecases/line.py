"""The line, as those who stand in it see it.

What was read of a line is good for a quarter of a second, for all who ask in this process: a million polls must
not mean a million looks at it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from cachetools import TTLCache

from filmgate.core.account import AccountId
from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.fairness import Place
from filmgate.core.video import Status, Video, VideoId
from filmgate.database import line
from filmgate.database.connection import Database
from filmgate.database.line import EXACT_TO, Front, KeptOut, Mark
from filmgate.usecases.shared import Shared

GOOD_FOR = timedelta(milliseconds=250)
_REMEMBERED = 500
_REMEMBERED_FOR = timedelta(seconds=5)
"""What accounts have that is kept out of the line: up to a thousand marks each."""

LineOf = tuple[str, AccountId]
"""An account's part of the line of an engine."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wait:
    """A queued video's place in the line, 1 being next, and when it will begin if all goes on as it does."""

    position: int
    starts_in: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What has to be known of a queued video to tell its wait. `seconds` is its length."""

    id: VideoId
    engine: str
    account_id: AccountId
    place: Place
    seconds: int

    @property
    def mark(self) -> Mark:
        return self.place.start, self.id


def waiting_of(video: Video) -> Waiting | None:
    """None if it waits no more."""
    if video.status is not Status.QUEUED or video.place is None:
        return None
    return Waiting(
        id=video.id,
        engine=video.spec.engine,
        account_id=video.account_id,
        place=video.place,
        seconds=video.spec.seconds,
    )


class Lines:
    """One for each process."""

    def __init__(self, database: Database, *, good_for: timedelta = GOOD_FOR) -> None:
        self._database = database
        self._good_for = good_for
        self._engines: dict[str, Shared[Front]] = {}
        self._kept_out: TTLCache[LineOf, Shared[KeptOut]] = TTLCache(
            _REMEMBERED, _REMEMBERED_FOR.total_seconds()
        )

    async def wait_of(self, waiting: Waiting) -> Wait | None:
        """None where the database is away: what was accepted must not be refused for want of this."""
        try:
            front = await self._front(waiting.engine).get()
            if waiting.place.is_admitted:
                return _told(waiting, front)
            return _told(waiting, front, await self._others(waiting).get())
        except DatabaseUnavailable:
            log.info("database away, a place in the line was not told", video=waiting.id)
            return None

    def known_wait_of(self, waiting: Waiting) -> Wait | None:
        """As `wait_of`, from what is known; None where somebody would have to look."""
        front = self._front(waiting.engine).known()
        if front is None:
            return None
        if waiting.place.is_admitted:
            return _told(waiting, front)
        others = self._others(waiting).known()
        return None if others is None else _told(waiting, front, others)

    def note_accepted(self, waiting: Waiting) -> None:
        """A new video: who is told in the same moment that it comes later, comes behind it."""
        if waiting.place.is_admitted:
            front = self._front(waiting.engine).known()
            marks = None if front is None else front.marks
        else:
            marks = self._others(waiting).known()
        if marks is not None:
            _enter(marks, waiting.mark)

    def _front(self, engine: str) -> Shared[Front]:
        if engine not in self._engines:
            read = partial(self._read_front, engine)
            self._engines[engine] = Shared(read, good_for=self._good_for)
        return self._engines[engine]

    def _others(self, waiting: Waiting) -> Shared[KeptOut]:
        """Whoever is kept out of the line by its account's limit stands behind its account's others."""
        name = waiting.engine, waiting.account_id
        if name not in self._kept_out:
            read = partial(self._read_kept_out, *name)
            self._kept_out[name] = Shared(read, good_for=self._good_for)
        return self._kept_out[name]

    async def _read_front(self, engine: str) -> Front:
        async with self._database.connection() as connection:
            return await line.read_front(connection, engine)

    async def _read_kept_out(self, engine: str, account_id: AccountId) -> KeptOut:
        async with self._database.connection() as connection:
            return await line.read_kept_out(connection, engine, account_id)


def _told(waiting: Waiting, front: Front, others: Sequence[Mark] = ()) -> Wait:
    marks = sorted([*front.marks, *others])[:EXACT_TO] if others else front.marks
    count = bisect_left(marks, waiting.mark)
    if count >= EXACT_TO:
        # As if those behind the thousandth stood as close together as those before it.
        span, rest = marks[-1][0] - marks[0][0], waiting.place.start - marks[-1][0]
        count += round(count * rest / span) if span else 0
    each = front.render_seconds or float(waiting.seconds)
    return Wait(position=count + 1, starts_in=timedelta(seconds=each * (count + 1) / front.running))


def _enter(marks: list[Mark], mark: Mark) -> None:
    at = bisect_left(marks, mark)
    if at < EXACT_TO and marks[at : at + 1] != [mark]:  # it may have been read with the others
        marks.insert(at, mark)
        del marks[EXACT_TO:]
