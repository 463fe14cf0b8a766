"""The openai dialect's words: its create body, its video, its lists, and the way between them and ours."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from filmgate.core.catalogue import Model
from filmgate.core.character import Character
from filmgate.core.errors import InvalidRequest, VideoNotFound
from filmgate.core.video import Status, Variant, Video, VideoId
from filmgate.http.description.field_types import (
    AspectRatio,
    Characters,
    FilmReference,
    ModelName,
    Name,
    Pictures,
    Prompt,
    Seconds,
    Seed,
    SizeText,
    Upload,
    not_both,
)
from filmgate.http.ids import parse_id
from filmgate.usecases.line import Wait
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
    """Of each pair, send one. Fields that are not listed are ignored."""

    model_config = ConfigDict(
        json_schema_extra=not_both(
            ("size", "aspect_ratio"),
            ("seconds", "duration"),
            ("input_reference", "image_urls"),
        )
    )

    prompt: Prompt
    model: ModelName | None = Field(
        default=None, description="Default `sora-2`; GET /v1/models lists them."
    )
    seconds: Seconds | None = Field(
        default=None, description="One of the model's lengths; default 4."
    )
    duration: Seconds | None = Field(
        default=None, description="The same as seconds; instead of it."
    )
    size: SizeText | None = Field(
        default=None, description="One of the model's sizes; default `720x1280`."
    )
    aspect_ratio: AspectRatio | None = Field(default=None, description="Instead of size.")
    input_reference: Pictures | None = Field(
        default=None,
        description="The first frame, exactly of the video's size: a URL or data URL, or"
        ' `{"image_url": …}`.',
    )
    image_urls: Pictures | None = Field(
        default=None, description="URLs or data URLs; instead of input_reference."
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


class RemixBody(BaseModel):
    """The same video once more, seed included, but for the prompt."""

    prompt: Prompt


class RemixForm(RemixBody):
    """The same as a form."""


class _Edit(BaseModel):
    prompt: Prompt
    model: ModelName | None = Field(default=None, description="Default: the model of the video.")
    seed: Seed | None = Field(default=None, description="Default: the seed of the video.")


class _Extension(_Edit):
    seconds: Seconds | None = Field(
        default=None, description="How much is to be added: one of the model's lengths; default 4."
    )


class EditBody(_Edit):
    """A new video that begins with the first frame of another, and is as long."""

    video: FilmReference = Field(description="The video to edit.")


class EditForm(_Edit):
    """The same as a form, in which the video can be a file."""

    video: Upload | FilmReference = Field(description="The video to edit.")


class ExtensionBody(_Extension):
    """A video that goes on from the last frame of another, and holds it as its first part."""

    video: FilmReference = Field(description="The video to extend.")


class ExtensionForm(_Extension):
    """The same as a form, in which the video can be a file."""

    video: Upload | FilmReference = Field(description="The video to extend.")


class CharacterForm(BaseModel):
    """Somebody or something for later prompts to name."""

    name: Name
    video: Upload = Field(description="A short film of the character.")


class CharacterBody(BaseModel):
    """A character of the account."""

    id: str = Field(examples=["char_01jbqk5v3xw8e9r2t4y6m8n0pq"])
    name: str
    created_at: int


class VideoError(BaseModel):
    """Why a render failed."""

    code: str
    message: str


class QueuePlace(BaseModel):
    """Where a video stands among those that wait for the same engine, and when it will probably begin."""

    position: int = Field(description="1 is next. Exact up to 1000, and estimated from there on.")
    starts_in_seconds: int = Field(description="Estimated from how long the latest renders took.")


class VideoBody(BaseModel):
    """A video. Always with all of these keys, but for `queue`."""

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
    queue: QueuePlace | None = Field(
        default=None,
        exclude_if=lambda place: place is None,
        description="Only while the video waits, and not in lists.",
    )


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


class DeletedCharacter(BaseModel):
    """The answer to a character's delete."""

    id: str
    object: Literal["character.deleted"] = "character.deleted"
    deleted: Literal[True] = True


class ModelBody(BaseModel):
    """A model of the catalogue, and what may be asked of it."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(default=0, description="Not known; the key belongs to the shape.")
    owned_by: str = "filmgate"
    sizes: list[str]
    seconds: list[int]
    images: int = Field(description="How many reference images it takes.")
    characters: int = Field(description="How many characters a request may name.")
    abilities: list[str] = Field(description="Of `create`, `remix`, `edit` and `extend`.")


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


def parse_variant(query: Mapping[str, str]) -> Variant:
    """Raises InvalidRequest for content that we do not have."""
    variant = query.get("variant", Variant.VIDEO)
    try:
        return Variant(variant)
    except ValueError as error:
        raise InvalidRequest(
            "variant", f"variant {variant[:100]!r} is not one of: {', '.join(Variant)}."
        ) from error


def wire_id(video_id: VideoId) -> str:
    return f"video_{video_id}"


def write_video(video: Video) -> str:
    return _video_body(video).model_dump_json()


def add_place(body: str, wait: Wait) -> str:
    """A QueuePlace under `queue`, which is the last of a video's keys, and missing until it is added here.

    Written out by hand: every waiting video's place changes with each that begins.
    """
    seconds = math.ceil(wait.starts_in.total_seconds())
    place = f'{{"position":{wait.position},"starts_in_seconds":{seconds}}}'
    return f'{body.removesuffix("}")},"queue":{place}}}'


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


def write_character(character: Character) -> str:
    return CharacterBody(
        id=f"char_{character.id}",
        name=character.name,
        created_at=int(character.created_at.timestamp()),
    ).model_dump_json()


def write_deleted_character(asked_id: str) -> str:
    return DeletedCharacter(id=asked_id).model_dump_json()


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
        remixed_from_video_id=wire_id(video.remixed_from) if video.remixed_from else None,
        error=VideoError(code=failure.code, message=failure.message) if failure else None,
    )


def _model_body(model: Model) -> ModelBody:
    return ModelBody(
        id=model.name,
        sizes=[str(size) for size in model.sizes],
        seconds=list(model.seconds),
        images=model.images,
        characters=model.characters,
        abilities=["create", *model.abilities],
    )


def _unix(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
