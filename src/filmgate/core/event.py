"""Event: a fact about a video that its account may be told of, by webhook or stream."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from filmgate.core.account import AccountId
from filmgate.core.video import Status, VideoId

EventId = NewType("EventId", str)
"""26 characters, as a video's id. On the wire it carries the prefix `evt_`."""


class EventType(StrEnum):
    """What happened. A cancelled video has failed, as far as clients are concerned."""

    VIDEO_COMPLETED = "video.completed"
    VIDEO_FAILED = "video.failed"

    @classmethod
    def of(cls, status: Status) -> "EventType":
        """The event that a video's reaching this terminal status is."""
        return cls.VIDEO_COMPLETED if status is Status.COMPLETED else cls.VIDEO_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`position` grows, and of one account events become visible in the order of their positions."""

    id: EventId
    position: int
    account_id: AccountId
    video_id: VideoId
    type: EventType
    created_at: datetime


def event_body(event: Event) -> dict[str, object]:
    """How the event is told, in streams and to webhooks alike."""
    return {
        "id": f"evt_{event.id}",
        "object": "event",
        "created_at": int(event.created_at.timestamp()),
        "type": event.type.value,
        "data": {"id": f"video_{event.video_id}"},
    }
