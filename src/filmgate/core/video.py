"""Video: the one resource, its statuses, and the changes that they allow.

Values only. How a change is written down so that two writers cannot both win is in
`database/videos.py`.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NewType, Self

from filmgate.core import pricing, retrying
from filmgate.core.account import AccountId, ApiKeyId
from filmgate.core.errors import EngineCrashed, EngineError, EngineFailed, InvalidTransition
from filmgate.core.fairness import Place
from filmgate.core.spec import ObjectKey, VideoSpec

VideoId = NewType("VideoId", str)
"""26 characters of Crockford base32: 48 bits of milliseconds, then 80 random bits (a ULID, in lower case)."""

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_SHIFTS = range(120, -1, -10)
"""An id is made for every create, and two characters at once take half the time."""

_LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def new_video_id(at: datetime) -> VideoId:
    """Ids made in different milliseconds sort by time; nobody can guess another's."""
    number = int(at.timestamp() * 1000) << 80 | secrets.randbits(80)
    return VideoId("".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS]))


def moment_of(video_id: VideoId) -> datetime:
    """When the id was made, to the millisecond: shortly before its video was accepted."""
    number = 0
    for character in video_id:
        number = number << 5 | _CROCKFORD.index(character)
    # An id that is not ours may name a time for which there is no date.
    return datetime.fromtimestamp(min((number >> 80) / 1000, _LAST_MOMENT), UTC)


class Status(StrEnum):
    """Where a video stands, in our words; each dialect has its own in its `wire.py`."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Dialect(StrEnum):
    """The wire vocabulary in which a video was asked for."""

    RELAY = "relay"
    OPENAI = "openai"
    NEWAPI = "newapi"


class Variant(StrEnum):
    """What can be downloaded of a completed video."""

    VIDEO = "video"
    THUMBNAIL = "thumbnail"
    SPRITESHEET = "spritesheet"

    @property
    def file_name(self) -> str:
        return f"{self}.{_EXTENSIONS[self]}"


_EXTENSIONS = {Variant.VIDEO: "mp4", Variant.THUMBNAIL: "webp", Variant.SPRITESHEET: "jpg"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a render failed: a code from contracts §5 and a sentence for the person who asked."""

    code: str
    message: str


CANCELLED_FAILURE = Failure("cancelled", "The video was cancelled before it was finished.")
LOST_FAILURE = Failure(
    "engine_failed",
    f"{retrying.LOST_LIMIT} workers in a row fell silent while they made this video.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """The finished MP4 in our storage. `duration` is measured from its video track, in seconds.

    Beside it lie its pictures, but for videos that were made before filmgate took any.
    """

    key: ObjectKey
    size_bytes: int
    duration: float
    has_pictures: bool = True

    def has(self, variant: Variant) -> bool:
        return variant is Variant.VIDEO or self.has_pictures

    def key_of(self, variant: Variant) -> ObjectKey:
        """Where that variant is, if the asset has it."""
        folder, _, _ = self.key.rpartition("/")
        return ObjectKey(f"{folder}/{variant.file_name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One request for a video and what has become of it.

    `attempt` numbers the claims of workers (the epoch): it fences their writes. `revision` grows with every
    stored change. Of the attempts, `unavailable_count` ended in `EngineUnavailable`, `crash_count` in
    `EngineCrashed`, and the last `lost_count` in silence. Money is in micro-units: the account was asked for
    `reserved` when the video was created, and `charge` is what it came to, once that is known. `place` is its
    place in the line of its engine, which it has from its acceptance on.
    """

    id: VideoId
    account_id: AccountId
    dialect: Dialect
    spec: VideoSpec
    created_at: datetime
    api_key_id: ApiKeyId | None = None
    price_per_second: int | None = None
    charge: int | None = None
    remixed_from: VideoId | None = None
    status: Status = Status.QUEUED
    progress: int = 0
    attempt: int = 0
    unavailable_count: int = 0
    crash_count: int = 0
    lost_count: int = 0
    revision: int = 0
    place: Place | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    asset: Asset | None = None
    failure: Failure | None = None

    @property
    def reserved(self) -> int:
        return pricing.reservation(self.spec, self.price_per_second)

    def claim(self, *, at: datetime) -> Self:
        """A worker begins: a new attempt."""
        self._must_be(Status.QUEUED, change="started")
        return replace(
            self,
            status=Status.IN_PROGRESS,
            attempt=self.attempt + 1,
            started_at=self.started_at or at,
        )

    def take_over(self, *, at: datetime) -> Self:
        """The worker that held the video fell silent: another begins anew, unless too many have died of it."""
        self._must_be(Status.IN_PROGRESS, change="taken over")
        lost_count = self.lost_count + 1
        if lost_count >= retrying.LOST_LIMIT:
            return replace(self.fail(LOST_FAILURE, at=at), lost_count=lost_count)
        return replace(self, attempt=self.attempt + 1, lost_count=lost_count)

    def advance(self, percent: float) -> Self:
        """Progress only grows, and 100 is kept for `completed`."""
        self._must_be(Status.IN_PROGRESS, change="advanced")
        return replace(self, progress=max(self.progress, min(99, int(percent))))

    def give_up(self, error: EngineError, *, at: datetime) -> Self:
        """The attempt ended without a film: the video has failed, or waits for another attempt."""
        self._must_be(Status.IN_PROGRESS, change="given up")
        if isinstance(error, EngineFailed):
            return self.fail(Failure(error.failure_code, error.message), at=at)
        is_crash = isinstance(error, EngineCrashed)
        tried = replace(
            self,
            status=Status.QUEUED,
            lost_count=0,
            crash_count=self.crash_count + is_crash,
            unavailable_count=self.unavailable_count + (not is_crash),
        )
        if tried.unavailable_count < retrying.UNAVAILABLE_LIMIT and (
            tried.crash_count < retrying.CRASH_LIMIT
        ):
            return tried
        told = f"{self.attempt} attempts were made, the last one ended so: {error.message}"
        return tried.fail(Failure("engine_failed", told), at=at)

    def hand_back(self) -> Self:
        """The worker is leaving, through no fault of the video's: the attempt does not count against it."""
        self._must_be(Status.IN_PROGRESS, change="handed back")
        return replace(self, status=Status.QUEUED, lost_count=0)

    def complete(self, asset: Asset, *, at: datetime, keep_for: timedelta) -> Self:
        """The file is in our storage, probed and playable."""
        self._must_be(Status.IN_PROGRESS, change="completed")
        return replace(
            self,
            status=Status.COMPLETED,
            progress=100,
            completed_at=at,
            expires_at=at + keep_for,
            asset=asset,
            charge=pricing.settlement(self.spec, self.price_per_second, delivered=asset.duration),
        )

    def fail(self, failure: Failure, *, at: datetime) -> Self:
        """No further attempt will be made."""
        self._must_be(Status.QUEUED, Status.IN_PROGRESS, change="failed")
        return replace(self, status=Status.FAILED, completed_at=at, failure=failure, charge=0)

    def cancel(self, *, at: datetime) -> Self:
        """Whoever is working on it must stop."""
        self._must_be(Status.QUEUED, Status.IN_PROGRESS, change="cancelled")
        return replace(
            self, status=Status.CANCELLED, completed_at=at, failure=CANCELLED_FAILURE, charge=0
        )

    def delete(self, *, at: datetime) -> Self:
        """Hide it from everyone; work still under way is cancelled."""
        if self.deleted_at is not None:
            raise InvalidTransition("The video has already been deleted.")
        stopped = self if self.status.is_terminal else self.cancel(at=at)
        return replace(stopped, deleted_at=at)

    def is_expired(self, *, at: datetime) -> bool:
        return self.expires_at is not None and at >= self.expires_at

    def _must_be(self, *allowed: Status, change: str) -> None:
        if self.status not in allowed:
            words = " or ".join(allowed)
            raise InvalidTransition(
                f"A video that is {self.status} cannot be {change}; it would have to be {words}."
            )
