"""The seams: every Protocol that filmgate has, on one page.

A port exists only where two real implementations do. PostgreSQL is called directly.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from filmgate.core.spec import ObjectKey, VideoSpec

Token = Mapping[str, str]
"""A durable resume point: what an engine must know to go on after its worker died."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What goes with a finished film: a WebP and a JPEG."""

    thumbnail: Path
    spritesheet: Path


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """An MP4 that an engine has finished, somewhere below the attempt's `workdir`.

    With its pictures, if the engine took them on the way, which is faster; they are not of an extension.
    """

    path: Path
    pictures: Pictures | None = None


@dataclass(frozen=True, slots=True)
class Seats:
    """How many of an engine's videos one worker has made elsewhere at once: `most`, or as many as there are."""

    most: int | None = None


class Attempt(Protocol):
    """One numbered try at a video, as its engine sees it."""

    @property
    def workdir(self) -> Path:
        """An empty folder of this attempt's own, removed when the attempt ends."""

    @property
    def references(self) -> tuple[Path, ...]:
        """The spec's reference images as local files, in the spec's order. None of a job that is elsewhere already."""

    @property
    def portraits(self) -> tuple[Path, ...]:
        """A square picture of each of the spec's characters, in the spec's order."""

    @property
    def continues(self) -> VideoSpec | None:
        """Of the film whose last frame is the first reference, if this is its extension and we made it."""

    @property
    def token(self) -> Token | None:
        """What the last `save` of any earlier attempt left, or None."""

    def progress(self, percent: float) -> None:
        """Note that so much (0 to 100) is done. Cheap: call it as often as you like."""

    async def take_room(self) -> None:
        """Wait until a film that was made elsewhere may come to this machine: a thousand may be finished at once.

        The room is the attempt's until it ends. The wait does not count towards its time limit.
        """

    async def save(self, token: Token) -> None:
        """Commit the resume point before returning. Raises if the attempt was superseded.

        The first one also raises if the video is not wanted any more; a later one is kept even then, so that what
        goes on elsewhere can be stopped.
        """

    async def unclaimed(self, url: str, ids: Collection[str]) -> list[str]:
        """Those of the jobs at this address that no other video's resume point names."""

    async def claim(self, token: Token) -> bool:
        """As `save`, of a job that was found and not answered.

        False, with nothing saved, where another video's resume point names it, or may be about to: one with the
        same prompt is being submitted to the same address. Of several claims to one job, one succeeds.
        """


class Engine(Protocol):
    """What makes a video."""

    @property
    def seats(self) -> Seats | None:
        """Set where videos are made elsewhere; None where each takes one of the worker's slots on this machine."""

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        """Make the video, reporting progress on the way.

        Of an extension only what is new: `spec.seconds` is then its length.

        Cancelling the awaiting task stops the work, not only the waiting. Raises EngineUnavailable when
        another attempt may help and EngineFailed when none will. May be called again for the same spec.
        """

    async def forget(self, token: Token) -> None:
        """Nobody wants the video any more that left this resume point: stop what still goes on for it elsewhere.

        Called when no attempt is under way; may be called again. Raises EngineUnavailable when it should be.
        """

    async def check(self) -> None:
        """Raise EngineUnavailable when a render begun now would not start."""

    async def aclose(self) -> None:
        """Release processes and connections. Renders still running are stopped."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """An object that this process can open by path."""

    path: Path


@dataclass(frozen=True, slots=True)
class RemoteUrl:
    """An object that a client may fetch by itself for a few minutes."""

    url: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that a listing met, and when it was last written, by the store's clock."""

    key: ObjectKey
    modified_at: datetime


class ObjectStore(Protocol):
    """Bytes under keys. Every method raises StorageUnavailable when the store is away or full."""

    @property
    def name(self) -> str:
        """What an operator calls it, such as `s3://films/eu`. Says nothing secret, and no path of this machine."""

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        """Store a copy of the file, whole or not at all; an existing object is replaced."""

    async def put_bytes(self, key: ObjectKey, data: bytes) -> None:
        """As `put_file`, from memory."""

    async def put_new(self, key: ObjectKey, data: bytes) -> bool:
        """As `put_bytes`, but an existing object stays. Return whether it was stored: of many at once, one is told so."""

    async def copy(self, key: ObjectKey, target: ObjectKey) -> None:
        """Store the object once more, under another key. Raises NotFound when there is none."""

    async def read(self, key: ObjectKey) -> bytes:
        """The whole object. Raises NotFound when there is none."""

    async def fetch_file(self, key: ObjectKey, path: Path) -> None:
        """Write the whole object to a local file. Raises NotFound when there is none, OSError when it cannot be written."""

    async def locate(self, key: ObjectKey, *, valid_for: timedelta) -> LocalFile | RemoteUrl:
        """Where the bytes can be had now. Raises NotFound when there is no such object.

        A URL ends after `valid_for` (in whole seconds, at least one) or after minutes, whichever is sooner.
        """

    def list_objects(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Every object whose key begins with `prefix`, which ends in a slash, in any order.

        What a killed put left half written is listed too, if it shows: below its folder, under a name that is no
        key. Objects that come or go meanwhile may be missed.
        """

    async def delete_folder(self, prefix: str) -> None:
        """Remove every object whose key begins with `prefix`, which ends in a slash. None is fine too."""

    async def check(self) -> None:
        """Raise StorageUnavailable unless objects can be written now."""
