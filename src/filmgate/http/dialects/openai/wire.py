"""The openai dialect's words: its create body, its video, its lists, and the way between them and ours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from filmgate.core.catalogue import Model
from filmgate.core.errors import InvalidRequest, VideoNotFound
from filmgate.core.video import Status, Video, VideoId
from filmgate.http.ids import parse_id
from filmgate.usecases.videos import Page

LIST_LIMIT = 100

_Status = Literal["queued", "in_progress", "completed", "failed"]

_STATUSES: dict[Status, _Status] = {
    Status.QUEUED: "queued",
    Status.IN_PROGRESS: "in_progress",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",  # with the error code `cancelled`
}


class CreateBody(BaseModel):
    """Documentation of what is read from JSON and forms alike; of each pair, send one."""

    prompt: str = Field(description="What the video should show: 1 to 32,000 characters.")
    model: str | None = Field(
        default=None, description="Default `sora-2`; GET /v1/models lists them."
    )
    seconds: str | int | None = Field(
        default=None, description="One of the model's lengths; default 4."
    )
    duration: str | int | None = Field(
        default=None, description="The same as seconds; instead of it."
    )
    size: str | None = Field(
        default=None, description="One of the model's sizes; default `720x1280`."
    )
    aspect_ratio: str | None = Field(default=None, description="`16:9` or `9:16`; instead of size.")
    input_reference: object = Field(
        default=None,
        description="The first frame, exactly of the video's size: an uploaded file, a URL or data"
        ' URL, or `{"image_url": …}`.',
        json_schema_extra={
            "anyOf": [
                {"type": "string", "format": "binary"},
                {"type": "string"},
                {"type": "object", "properties": {"image_url": {"type": "string"}}},
            ]
        },
    )
    image_urls: list[str] | str | None = Field(
        default=None, description="URLs or data URLs; instead of input_reference."
    )
    seed: str | int | None = Field(default=None, description="Same request and seed, same video.")


class VideoError(BaseModel):
    """Why a render failed."""

    code: str
    message: str


class VideoBody(BaseModel):
    """A video. Always with all of these keys, and with no others."""

    id: str = Field(examples=["video_01jbqk5v3xw8e9r2t4y6m8n0pq"])
    object: Literal["video"] = "video"
    model: str
    status: _Status
    progress: int
    created_at: int
    completed_at: int | None
    expires_at: int | None
    prompt: str | None
    size: str
    seconds: str
    remixed_from_video_id: str | None = None
    error: VideoError | None


class VideoList(BaseModel):
    """A page of the account's videos, whatever dialect made them."""

    object: Literal["list"] = "list"
    data: list[VideoBody]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedVideo(BaseModel):
    """The answer to a delete."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: Literal[True] = True


class ModelBody(BaseModel):
    """A model of the catalogue, and what may be asked of it."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(default=0, description="Not known; the key belongs to the shape.")
    owned_by: str = "filmgate"
    sizes: list[str]
    seconds: list[int]
    images: int


class ModelList(BaseModel):
    """The catalogue."""

    object: Literal["list"] = "list"
    data: list[ModelBody]


class ErrorDetail(BaseModel):
    """What was wrong; `param` names the field to blame, where there is one."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(BaseModel):
    """Every answer with a status of 400 or more."""

    error: ErrorDetail


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which page of the list is wanted."""

    after: VideoId | None
    limit: int
    newest_first: bool


def parse_list_query(query: Mapping[str, str]) -> ListQuery:
    """Raises InvalidRequest, naming the parameter."""
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise InvalidRequest("order", f"order {order[:100]!r} is not one of: asc, desc.")
    return ListQuery(
        after=_after(query.get("after")),
        limit=_limit(query.get("limit", "20")),
        newest_first=order == "desc",
    )


def check_variant(query: Mapping[str, str]) -> None:
    """Raises InvalidRequest for content that we do not have."""
    variant = query.get("variant", "video")
    if variant != "video":
        raise InvalidRequest(
            "variant", f"variant {variant[:100]!r} is not available: only video is."
        )


def wire_id(video_id: VideoId) -> str:
    return f"video_{video_id}"


def write_video(video: Video) -> str:
    return _video_body(video).model_dump_json()


def write_list(page: Page) -> str:
    data = [_video_body(video) for video in page.videos]
    return VideoList(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=page.has_more,
    ).model_dump_json()


def write_deleted(asked_id: str) -> str:
    """With the id in the prefix in which the client knows it."""
    return DeletedVideo(id=asked_id).model_dump_json()


def write_models(models: Iterable[Model]) -> str:
    return ModelList(data=[_model_body(model) for model in models]).model_dump_json()


def _after(after: str | None) -> VideoId | None:
    """Only the place in the order counts: the video may be gone, as when a client deletes page by page."""
    if not after:
        return None
    try:
        return parse_id(after)
    except VideoNotFound as error:
        raise InvalidRequest("after", f"after {after[:100]!r} is not the id of a video.") from error


def _limit(limit: str) -> int:
    if re.fullmatch(r"\d{1,3}", limit, re.ASCII) is None or int(limit) > LIST_LIMIT:
        raise InvalidRequest(
            "limit", f"limit {limit[:100]!r} is not a whole number from 0 to {LIST_LIMIT}."
        )
    return int(limit)


def _video_body(video: Video) -> VideoBody:
    failure = video.failure
    return VideoBody(
        id=wire_id(video.id),
        model=video.spec.model,
        status=_STATUSES[video.status],
        progress=video.progress,
        created_at=int(video.created_at.timestamp()),
        completed_at=_unix(video.completed_at),
        expires_at=_unix(video.expires_at),
        prompt=video.spec.prompt,
        size=str(video.spec.size),
        seconds=str(video.spec.seconds),
        error=VideoError(code=failure.code, message=failure.message) if failure else None,
    )


def _model_body(model: Model) -> ModelBody:
    return ModelBody(
        id=model.name,
        sizes=[str(size) for size in model.sizes],
        seconds=list(model.seconds),
        images=model.images,
    )


def _unix(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
