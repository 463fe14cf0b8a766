"""What a server's good answers are about: videos, pages of them, models."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a video failed: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a video stands in the line, 1 being next, and in how many seconds it will probably begin."""

    position: int
    starts_in_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video as the server described it when it was last asked."""

    id: str
    model: str
    status: str
    progress: int
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime | None
    prompt: str | None
    size: str
    seconds: int
    remixed_from_video_id: str | None
    error: Failure | None
    queue: QueuePlace | None = None
    """Only while it waits, and not in lists."""

    @property
    def is_terminal(self) -> bool:
        """Nothing more will happen to it. So it is with any status that this version does not know."""
        return self.status not in {"queued", "in_progress"}

    def as_wire(self) -> dict[str, object]:
        """The 13 keys of the API's video object, and `queue` if it says where it stands."""
        place = self.queue
        video: dict[str, object] = {
            "id": self.id,
            "object": "video",
            "model": self.model,
            "status": self.status,
            "progress": self.progress,
            "created_at": int(self.created_at.timestamp()),
            "completed_at": self.completed_at and int(self.completed_at.timestamp()),
            "expires_at": self.expires_at and int(self.expires_at.timestamp()),
            "prompt": self.prompt,
            "size": self.size,
            "seconds": str(self.seconds),
            "remixed_from_video_id": self.remixed_from_video_id,
            "error": self.error and {"code": self.error.code, "message": self.error.message},
        }
        if place is not None:
            video["queue"] = {
                "position": place.position,
                "starts_in_seconds": place.starts_in_seconds,
            }
        return video


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the account's videos. `next_after` is the `after` of the next page, None on the last one."""

    videos: tuple[Video, ...]
    has_more: bool

    @property
    def next_after(self) -> str | None:
        return self.videos[-1].id if self.has_more and self.videos else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A public name and what may be asked of it."""

    name: str
    sizes: tuple[str, ...]
    seconds: tuple[int, ...]
    images: int
