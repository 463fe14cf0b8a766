"""The seams: every Protocol that filmgate has, on one page.

A port exists only where two real implementations do. PostgreSQL and PgQueuer are called directly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from filmgate.core.spec import ObjectKey, VideoSpec

Token = Mapping[str, str]
"""A durable resume point: what an engine must know to go on after its worker died."""


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """An MP4 that an engine has finished, somewhere below the attempt's `workdir`."""

    path: Path


class Attempt(Protocol):
    """One numbered try at a video, as its engine sees it."""

    @property
    def workdir(self) -> Path:
        """An empty folder of this attempt's own, removed when the attempt ends."""

    @property
    def references(self) -> tuple[Path, ...]:
        """The spec's reference images as local files, in the spec's order."""

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

    async def save(self, token: Token) -> None:
        """Commit the resume point before returning. Raises if the attempt was superseded."""


class Engine(Protocol):
    """What makes a video."""

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        """Make the video, reporting progress on the way.

        Of an extension only what is new: `spec.seconds` is then its length.

        Cancelling the awaiting task stops the work, not only the waiting. Raises EngineUnavailable when
        another attempt may help and EngineFailed when none will. May be called again for the same spec.
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


class ObjectStore(Protocol):
    """Bytes under keys. Every method raises StorageUnavailable when the store is away or full."""

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        """Store a copy of the file, whole or not at all; an existing object is replaced."""

    async def put_bytes(self, key: ObjectKey, data: bytes) -> None:
        """As `put_file`, from memory."""

    async def copy(self, key: ObjectKey, target: ObjectKey) -> None:
        """Store the object once more, under another key. Raises NotFound when there is none."""

    async def read(self, key: ObjectKey) -> bytes:
        """The whole object. Raises NotFound when there is none."""

    async def fetch_file(self, key: ObjectKey, path: Path) -> None:
        """Write the whole object to a local file. Raises NotFound when there is none."""

    async def locate(self, key: ObjectKey, *, valid_for: timedelta) -> LocalFile | RemoteUrl:
        """Where the bytes can be had now. Raises NotFound when there is no such object."""

    async def delete_folder(self, prefix: str) -> None:
        """Remove every object whose key begins with `prefix`, which ends in a slash. None is fine too."""

    async def check(self) -> None:
        """Raise StorageUnavailable unless objects can be written now."""
