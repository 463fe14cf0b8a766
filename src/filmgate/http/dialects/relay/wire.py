"""The relay's words: its create body, its video, and the way between them and ours."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from filmgate.core.errors import InvalidRequest
from filmgate.core.video import Status, Video, VideoId
from filmgate.http.bodies.fields import Fields
from filmgate.http.creation import Order, read_order
from filmgate.http.description.field_types import (
    AspectRatio,
    Characters,
    ModelName,
    Pictures,
    Prompt,
    Seconds,
    Seed,
    SizeText,
    Upload,
    not_both,
)

_Status = Literal["queued", "processing", "completed", "failed"]

_STATUSES: dict[Status, _Status] = {
    Status.QUEUED: "queued",
    Status.IN_PROGRESS: "processing",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",  # with an error that says so
}


class CreateBody(BaseModel):
    """Of each pair, send one. Fields that are not listed are ignored."""

    model_config = ConfigDict(
        json_schema_extra=not_both(
            ("size", "aspect_ratio"),
            ("seconds", "duration"),
            ("input_reference", "image_urls"),
        )
    )

    model: ModelName = Field(examples=["openAiSora2Plus"])
    prompt: Prompt
    size: SizeText | None = Field(
        default=None, description="One of the model's sizes; default `720x1280`."
    )
    aspect_ratio: AspectRatio | None = Field(default=None, description="Instead of size.")
    seconds: Seconds | None = Field(
        default=None, description="One of the model's lengths; default 4."
    )
    duration: Seconds | None = Field(
        default=None, description="The same as seconds; instead of it."
    )
    input_reference: Pictures | None = Field(
        default=None, description="URL or data URL of the first frame, exactly of the video's size."
    )
    image_urls: Pictures | None = Field(
        default=None, description="The same as input_reference; instead of it."
    )
    seed: Seed | None = Field(default=None, description="Same request and seed, same video.")
    characters: Characters | None = Field(
        default=None, description="Characters that the prompt names, made beforehand."
    )


class CreateForm(CreateBody):
    """The same as a form, in which pictures can be files."""

    input_reference: Upload | Pictures | None = Field(
        default=None, description="The first frame, exactly of the video's size."
    )


class CreatedVideo(BaseModel):
    """The answer to a create."""

    id: str = Field(examples=["sora_01jbqk5v3xw8e9r2t4y6m8n0pq"])
    object: Literal["video.generation"] = "video.generation"
    created: int = Field(description="Unix time in seconds.")
    model: str
    status: _Status


Amount = Annotated[
    int | float | None,
    Field(
        exclude_if=lambda amount: amount is None,
        description="What it costs, in the operator's currency: at most so much while it is pending, exactly so"
        " much once it is completed, 0 if it failed. Only where the operator has set a price.",
    ),
]


class UnfinishedVideo(CreatedVideo):
    """A video that is waiting, running or failed. A failed one is HTTP 200 too."""

    video_url: None = None
    error: str | None = Field(description="Why it failed, as a sentence; null until then.")
    amount: Amount = None


class CompletedVideo(CreatedVideo):
    """A video that can be fetched at `video_url` without a key, for one day."""

    video_url: str
    actual_duration: int | float = Field(
        serialization_alias="actualDuration", description="Seconds, measured from the file."
    )
    error: None = None
    amount: Amount = None


class ErrorDetail(BaseModel):
    """What was wrong; `param` names the field to blame, where there is one."""

    message: str
    type: str
    param: str | None
    code: str


class RelayErrorBody(BaseModel):
    """Every answer with a status of 400 or more. `message` is the error's own, once more."""

    error: ErrorDetail
    message: str


def parse(fields: Fields) -> Order:
    if fields.word("model") is None:
        raise InvalidRequest(
            "model", "model is required, for example openAiSora2Plus; GET /v1/models lists them."
        )
    return read_order(fields)


def wire_id(video_id: VideoId) -> str:
    return f"sora_{video_id}"


def write_created(video: Video) -> str:
    return CreatedVideo(
        id=wire_id(video.id),
        created=int(video.created_at.timestamp()),
        model=video.spec.model,
        status=_STATUSES[video.status],
    ).model_dump_json()


def write_video(video: Video, *, video_url: str | None) -> str:
    """`video_url` is None exactly as long as there is no file."""
    wire_video = (
        _unfinished(video)
        if video.asset is None or video_url is None
        else _completed(video, video_url, duration=video.asset.duration)
    )
    return wire_video.model_dump_json(by_alias=True)


def _unfinished(video: Video) -> UnfinishedVideo:
    return UnfinishedVideo(
        id=wire_id(video.id),
        created=int(video.created_at.timestamp()),
        model=video.spec.model,
        status=_STATUSES[video.status],
        error=video.failure.message if video.failure else None,
        amount=_amount(video),
    )


def _completed(video: Video, video_url: str, *, duration: float) -> CompletedVideo:
    return CompletedVideo(
        id=wire_id(video.id),
        created=int(video.created_at.timestamp()),
        model=video.spec.model,
        status=_STATUSES[video.status],
        video_url=video_url,
        actual_duration=_plain(round(duration, 3)),
        amount=_amount(video),
    )


def _amount(video: Video) -> int | float | None:
    """Micro-units are no concern of a relay's clients."""
    if video.price_per_second is None:
        return None
    return _plain((video.reserved if video.charge is None else video.charge) / 1_000_000)


def _plain(number: float) -> int | float:
    """8 rather than 8.0, as in the documents."""
    return int(number) if number.is_integer() else number
