"""Types of fields for the dialects' wire models: what clients may send, said as exactly as a schema can.

They describe; judging is done by the catalogue, in words that help.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from filmgate.core.catalogue import PROMPT_LIMIT, SEED_LIMIT
from filmgate.core.character import NAME_LIMIT
from filmgate.http.bodies.fields import LIST_LIMIT

CATALOGUE = "x-filmgate-catalogue"
"""In a schema: the name of one that the catalogue decides. `schemas.py` asks it."""

_TEXT: Mapping[str, Any] = {"not": {"pattern": r"^\s*$|\x00"}}
"""Not blank, and without NUL."""

_CHARACTER = "char_01jbqk5v3xw8e9r2t4y6m8n0pq"
_ID = "[0-7][0-9a-hjkmnp-tv-z]{25}"

Prompt = Annotated[
    str,
    Field(
        min_length=1,
        max_length=PROMPT_LIMIT,
        json_schema_extra={**_TEXT},
        description="What the video should show.",
        examples=["A cat dancing in the rain, cinematic style"],
    ),
]
ModelName = Annotated[str, WithJsonSchema({CATALOGUE: "ModelName"})]
SizeText = Annotated[str, WithJsonSchema({CATALOGUE: "VideoSize"})]
Width = Annotated[int | str, WithJsonSchema({CATALOGUE: "VideoWidth"})]
Height = Annotated[int | str, WithJsonSchema({CATALOGUE: "VideoHeight"})]
Seconds = Annotated[int | str, WithJsonSchema({CATALOGUE: "VideoSeconds"})]
AspectRatio = Literal["16:9", "9:16"]
Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT)] | Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=NAME_LIMIT,
        json_schema_extra={**_TEXT},
        description="For whom it is.",
        examples=["Mochi"],
    ),
]

CharacterId = Annotated[str, Field(pattern=f"^char_{_ID}$", examples=[_CHARACTER])]

Upload = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    ),
]
"""A file in a form. Its name and declared type are not looked at."""


class ImageReference(BaseModel):
    """A picture by its address. No files are kept here, so a `file_id` means nothing."""

    image_url: str = Field(examples=["https://example.com/reference1.jpg"])
    file_id: None = None


Picture = str | ImageReference
Pictures = Annotated[list[Picture | None], Field(max_length=LIST_LIMIT)] | Picture
"""URL, data URL or base64 of a JPEG, PNG or WebP; what is null or empty does not count."""


class CharacterReference(BaseModel):
    """A character of the account."""

    id: CharacterId


_Character = (
    CharacterReference | Annotated[str, Field(pattern=f"^(char_{_ID})?$", examples=[_CHARACTER])]
)
Characters = Annotated[list[_Character | None], Field(max_length=LIST_LIMIT)] | _Character
"""What is null or empty does not count."""


class FilmReference(BaseModel):
    """A completed video of the account."""

    id: str = Field(pattern=f"^(video|sora)_{_ID}$", examples=["video_01jbqk5v3xw8e9r2t4y6m8n0pq"])


def not_both(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Of each pair a client may send one; null is the same as nothing."""
    return {"allOf": [{"not": _are_sent(pair)} for pair in pairs]}


def both_or_none(*pair: str) -> dict[str, Any]:
    """A client may send two fields or neither of them."""
    return {"anyOf": [_are_sent(pair), {"properties": {name: {"type": "null"} for name in pair}}]}


def _are_sent(names: Sequence[str]) -> dict[str, Any]:
    is_sent = {"not": {"type": "null"}}
    return {"required": [*names], "properties": dict.fromkeys(names, is_sent)}


def pairs_of(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each with each."""
    return [(one, other) for at, one in enumerate(names) for other in names[at + 1 :]]
