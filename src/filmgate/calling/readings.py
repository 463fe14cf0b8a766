"""What the JSON of a good answer says."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from filmgate.calling.errors import UnexpectedAnswer
from filmgate.calling.messages import Answer
from filmgate.calling.values import Failure, Model, Page, QueuePlace, Video

T = TypeVar("T")


def read(answer: Answer, reading: Callable[[Any], T]) -> T:
    """Raises UnexpectedAnswer when it says nothing of the kind."""
    try:
        return reading(json.loads(answer.body))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        begin = answer.body[:80].decode(errors="replace")
        raise UnexpectedAnswer(f"This is not a filmgate server's answer: {begin!r}") from error


def nothing(_wire: Any) -> None:
    """The status was all that mattered."""


def video(wire: Any) -> Video:
    error, place = wire.get("error"), wire.get("queue")
    return Video(
        id=str(wire["id"]),
        model=str(wire["model"]),
        status=str(wire["status"]),
        progress=int(wire.get("progress") or 0),
        created_at=datetime.fromtimestamp(wire["created_at"], UTC),
        completed_at=_moment(wire.get("completed_at")),
        expires_at=_moment(wire.get("expires_at")),
        prompt=wire.get("prompt"),
        size=str(wire["size"]),
        seconds=int(wire["seconds"]),
        remixed_from_video_id=wire.get("remixed_from_video_id"),
        error=Failure(str(error["code"]), str(error["message"])) if error else None,
        queue=QueuePlace(int(place["position"]), int(place["starts_in_seconds"]))
        if place
        else None,
    )


def page(wire: Any) -> Page:
    return Page(tuple(map(video, wire["data"])), has_more=bool(wire["has_more"]))


def models(wire: Any) -> tuple[Model, ...]:
    return tuple(
        Model(
            name=str(model["id"]),
            sizes=tuple(map(str, model.get("sizes", ()))),
            seconds=tuple(map(int, model.get("seconds", ()))),
            images=int(model.get("images", 0)),
        )
        for model in wire["data"]
    )


def _moment(unix_time: float | None) -> datetime | None:
    return None if unix_time is None else datetime.fromtimestamp(unix_time, UTC)
