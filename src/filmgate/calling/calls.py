"""The request that each of a client's verbs sends."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from filmgate.calling.messages import Call
from filmgate.calling.part_file import PartFile

Order = Literal["asc", "desc"]
Variant = Literal["video", "thumbnail", "spritesheet"]
Image = Path | bytes | str
"""A file, its bytes, or an address."""

_VIDEOS = "/v1/videos"
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def create(fields: Mapping[str, str | int], image: Image | None, *, key: str | None) -> Call:
    call = Call("POST", _VIDEOS, headers={"Idempotency-Key": key or secrets.token_hex(16)})
    if image is None:
        return replace(call, json=fields)
    if isinstance(image, str):
        return replace(call, json={**fields, "input_reference": {"image_url": _address(image)}})
    name, data = ("image", image) if isinstance(image, bytes) else (image.name, image.read_bytes())
    form = {field: str(value) for field, value in fields.items()}
    return replace(call, form=form, files={"input_reference": (name, data)})


def retrieve(video_id: str) -> Call:
    return Call("GET", _path(video_id))


def content(video_id: str, *, variant: Variant, part: PartFile) -> Call:
    """Of the bytes as they lie on the server: a compressed answer could not be resumed."""
    return Call(
        "GET",
        f"{_path(video_id)}/content",
        params={"variant": variant},
        headers={"Accept-Encoding": "identity"},
        part=part,
    )


def list_page(*, limit: int | None, after: str | None, order: Order | None) -> Call:
    return Call("GET", _VIDEOS, params=given(limit=limit, after=after, order=order))


def cancel(video_id: str) -> Call:
    return Call("POST", f"{_path(video_id)}/cancel")


def delete(video_id: str) -> Call:
    return Call("DELETE", _path(video_id))


def models() -> Call:
    return Call("GET", "/v1/models")


def given(**values: str | int | None) -> dict[str, str | int]:
    """What is None is left to the server."""
    return {name: value for name, value in values.items() if value is not None}


def _path(video_id: str) -> str:
    """A relay's name of a video would be answered in the relay's words, so it is asked for by its other one."""
    if _ID.fullmatch(video_id) is None:
        raise ValueError(f"{video_id[:80]!r} is not the id of a video, such as video_01m7x9….")
    return f"{_VIDEOS}/{video_id.replace('sora_', 'video_', 1)}"


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://", "data:")):
        raise ValueError(f"{text[:80]!r} is no http, https or data URL; pass a file as a Path.")
    return text
