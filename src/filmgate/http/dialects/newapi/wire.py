"""The newapi dialect's words: its create body, its video, and the way between them and ours."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from filmgate.core.catalogue import Catalogue, Model, VideoRequest
from filmgate.core.errors import InvalidRequest
from filmgate.core.spec import FRAMES_PER_SECOND
from filmgate.core.video import Status, Video, VideoId
from filmgate.http.bodies.fields import Fields
from filmgate.http.creation import Order, read_order
from filmgate.http.description.field_types import (
    AspectRatio,
    Characters,
    Height,
    ModelName,
    Pictures,
    Prompt,
    Seconds,
    Seed,
    SizeText,
    Upload,
    Width,
    both_or_none,
    not_both,
    pairs_of,
)
from filmgate.usecases.references import ImageSource

_PICTURES = ("image", "images", "input_reference", "image_urls")
"""Where clients of the gateways put a picture: one of these is read."""

_Status = Literal["queued", "in_progress", "completed", "failed"]

_STATUSES: dict[Status, _Status] = {
    Status.QUEUED: "queued",
    Status.IN_PROGRESS: "in_progress",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",  # with the error code `cancelled`
}


class CreateGenerationBody(BaseModel):
    """The places for a picture, for a length and for a size exclude each other."""

    model_config = ConfigDict(
        json_schema_extra={
            **both_or_none("width", "height"),
            **not_both(
                ("duration", "seconds"),
                ("size", "aspect_ratio"),
                ("width", "size"),
                ("width", "aspect_ratio"),
                *pairs_of(_PICTURES),
            ),
        }
    )

    prompt: Prompt
    model: ModelName | None = Field(
        default=None, description="Default `sora-2`; GET /v1/models lists them."
    )
    image: Pictures | None = Field(
        default=None, description="URL, data URL or base64 of the first frame, exactly of the size."
    )
    images: Pictures | None = Field(
        default=None, description="The same as image, and room for more than one."
    )
    input_reference: Pictures | None = Field(
        default=None, description="The same as images; instead of it."
    )
    image_urls: Pictures | None = Field(
        default=None, description="The same as images; instead of it."
    )
    duration: Seconds | None = Field(
        default=None, description="Seconds: one of the model's lengths; default 4."
    )
    seconds: Seconds | None = Field(
        default=None, description="The same as duration; instead of it."
    )
    width: Width | None = Field(default=None, description="Together with height.")
    height: Height | None = Field(default=None, description="Together with width.")
    size: SizeText | None = Field(
        default=None, description="`1280x720`; instead of width and height."
    )
    aspect_ratio: AspectRatio | None = Field(default=None, description="Instead of size.")
    fps: Literal[24] | Literal["24"] | None = Field(
        default=None, description="No other rate is made."
    )
    n: Literal[1] | Literal["1"] | None = Field(
        default=None, description="Every create makes one video."
    )
    seed: Seed | None = Field(default=None, description="Same request and seed, same video.")
    response_format: Literal["url"] | None = Field(
        default=None, description="Videos are handed out by link alone."
    )
    characters: Characters | None = Field(
        default=None, description="Characters that the prompt names, made beforehand."
    )
    user: object = Field(default=None, description="Not looked at.")
    metadata: object = Field(default=None, description="Not looked at.")


class CreateGenerationForm(CreateGenerationBody):
    """The same as a form, in which pictures can be files."""

    image: Upload | Pictures | None = Field(
        default=None, description="File, URL, data URL or base64 of the first frame."
    )
    images: Upload | Pictures | None = Field(
        default=None, description="The same as image, and room for more than one."
    )
    input_reference: Upload | Pictures | None = Field(
        default=None, description="The same as images; instead of it."
    )


class CreatedGeneration(BaseModel):
    """The answer to a create. `id` and `task_id` are the same: two versions of this shape are about."""

    id: str = Field(examples=["video_01jbqk5v3xw8e9r2t4y6m8n0pq"])
    task_id: str
    status: _Status
    created_at: int = Field(description="Unix time in seconds.")


class GenerationMetadata(BaseModel):
    """What the video is like; `duration` is measured from the file as soon as there is one."""

    duration: int | float = Field(description="Seconds.")
    fps: int
    width: int
    height: int
    seed: int = Field(description="The one sent; else the one that the prompt decides.")


class GenerationError(BaseModel):
    """Why a render failed."""

    code: str
    message: str


class Generation(BaseModel):
    """A video. Always with all of these keys; a failed one is HTTP 200 too."""

    id: str = Field(examples=["video_01jbqk5v3xw8e9r2t4y6m8n0pq"])
    task_id: str = Field(description="The id once more.")
    status: _Status
    progress: int = Field(description="Per cent.")
    url: str | None = Field(description="Good for one day, without a key; null until completed.")
    video_url: str | None = Field(description="The url once more.")
    format: Literal["mp4"] = "mp4"
    metadata: GenerationMetadata
    error: GenerationError | None


class ErrorDetail(BaseModel):
    """What was wrong; `param` names the field to blame, where there is one."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(BaseModel):
    """Every answer with a status of 400 or more."""

    error: ErrorDetail


def parse(fields: Fields, *, catalogue: Catalogue) -> Order:
    """Raises InvalidRequest, naming the field under which the client sent it."""
    order = read_order(fields)
    _refuse_what_is_not_made(fields)
    model = catalogue.model(order.request.model or catalogue.DEFAULT_MODEL)
    param, images = _pictures(fields, model)
    request = replace(
        order.request,
        size=_size(fields, order.request, model=model),
        seconds=_whole(order.request.seconds),
        duration=_whole(order.request.duration),
        input_reference=len(images) or None,
        image_urls=None,
    )
    return replace(order, request=request, images=images, images_param=param)


def wire_id(video_id: VideoId) -> str:
    return f"video_{video_id}"


def write_created(video: Video) -> str:
    return CreatedGeneration(
        id=wire_id(video.id),
        task_id=wire_id(video.id),
        status=_STATUSES[video.status],
        created_at=int(video.created_at.timestamp()),
    ).model_dump_json()


def write_video(video: Video, *, asked_id: str, url: str | None) -> str:
    """With the id as the client asked for it. `url` is None as long as there is no file."""
    failure = video.failure
    return Generation(
        id=asked_id,
        task_id=asked_id,
        status=_STATUSES[video.status],
        progress=video.progress,
        url=url,
        video_url=url,
        metadata=_metadata(video),
        error=GenerationError(code=failure.code, message=failure.message) if failure else None,
    ).model_dump_json()


def _metadata(video: Video) -> GenerationMetadata:
    spec = video.spec
    return GenerationMetadata(
        duration=_plain(video.asset.duration) if video.asset else spec.seconds,
        fps=FRAMES_PER_SECOND,
        width=spec.size.width,
        height=spec.size.height,
        seed=spec.chosen_seed,
    )


def _plain(seconds: float) -> int | float:
    """8 rather than 8.0."""
    rounded = round(seconds, 3)
    return int(rounded) if rounded.is_integer() else rounded


def _refuse_what_is_not_made(fields: Fields) -> None:
    fps, count = fields.decimal("fps"), fields.decimal("n")
    if fps not in (None, FRAMES_PER_SECOND):
        raise InvalidRequest(
            "fps", f"fps {fps!r} is not a rate that is made here; it is always {FRAMES_PER_SECOND}."
        )
    if count not in (None, 1):
        raise InvalidRequest("n", f"n {count!r} is not possible; every create makes 1 video.")
    form = fields.word("response_format")
    if form not in (None, "url"):
        raise InvalidRequest(
            "response_format",
            f"response_format {form!r} is not possible; videos are handed out by url alone.",
        )


def _size(fields: Fields, request: VideoRequest, *, model: Model) -> str | None:
    width, height = fields.number("width"), fields.number("height")
    if width is None and height is None:
        return request.size
    if width is None or height is None:
        missing = "width" if width is None else "height"
        raise InvalidRequest(missing, f"{missing} is missing: send width and height, or neither.")
    for other, value in (("size", request.size), ("aspect_ratio", request.aspect_ratio)):
        if value is not None:
            raise InvalidRequest(
                "width",
                f"Send either width and height or {other}, not both: they say the same thing twice.",
            )
    size = f"{width}x{height}"
    if size not in map(str, model.sizes):
        allowed = ", ".join(map(str, model.sizes))
        raise InvalidRequest(
            "width",
            f"width and height make {size!r}, which {model.name} does not make; it makes {allowed}.",
        )
    return size


def _pictures(fields: Fields, model: Model) -> tuple[str, Sequence[ImageSource]]:
    """The field that holds the pictures, and them."""
    sent = {name: images for name in _PICTURES if (images := fields.images(name))}
    if len(sent) > 1:
        first, second, *_ = sent
        raise InvalidRequest(
            first, f"Send either {first} or {second}, not both: they say the same thing twice."
        )
    for name, images in sent.items():
        if len(images) > model.images:
            raise InvalidRequest(
                name,
                f"{name} holds {len(images)} images; {model.name} takes at most {model.images}.",
            )
        return name, images
    return "image", ()


def _whole(value: int | str | None) -> int | str | None:
    """Forms spell a number as text, and some clients write 8 seconds as 8.0 there."""
    if isinstance(value, str) and re.fullmatch(r"\d+\.0+", value, re.ASCII):
        return value.partition(".")[0]
    return value
