"""What the clients and the receiver of webhooks saw, one line each, appended to a file as it happens.

The proof reads it back from there: nothing but this file says what the server has promised.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

VIDEO_PREFIXES = ("video_", "sora_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A create went out. The `wish` stands in its prompt; with a `key` it may be sent again."""

    account: str
    wish: str
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The server promised a video. `is_replay` where it said that it had promised it before."""

    account: str
    wish: str
    video: str
    is_replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The server said no: of this create there must be no video."""

    account: str
    wish: str
    status: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Nobody told the client what became of its create: there may be a video or not."""

    account: str
    wish: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A poll was answered. `progress` is None in the dialect that has no word for it."""

    account: str
    video: str
    status: str
    progress: int | None
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A cancel was answered with the video: it will be cancelled for ever."""

    account: str
    video: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A delete went out. Without `is_certain` nobody told the client what became of it."""

    account: str
    video: str
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A film was downloaded."""

    account: str
    video: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The receiver got a delivery, and answered with `reply`, or not at all (0)."""

    account: str
    endpoint: str
    event: str
    video: str
    type: str
    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """An answer that no fault excuses."""

    account: str
    what: str


Entry = Sent | Accepted | Refused | Unanswered | Seen | Stopped | Deleted | Fetched | Told | Wrong
_KINDS: dict[str, type[Entry]] = {
    kind.__name__: kind
    for kind in (
        Sent,
        Accepted,
        Refused,
        Unanswered,
        Seen,
        Stopped,
        Deleted,
        Fetched,
        Told,
        Wrong,
    )
}


class Journal:
    """Append-only, and written through at once. Many threads may write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, entry: Entry) -> None:
        line = {"at": time.time(), "entry": type(entry).__name__} | asdict(entry)
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def read_journal(path: Path) -> list[Entry]:
    return list(_entries(path))


def _entries(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            del fields["at"]
            yield _KINDS[fields.pop("entry")](**fields)


def bare(video: str) -> str:
    """The id as the table has it: the prefix says only in which words it is talked about."""
    for prefix in VIDEO_PREFIXES:
        video = video.removeprefix(prefix)
    return video
