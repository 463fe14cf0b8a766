"""The body of a request, as JSON or a form, and its fields by name: type-checked, not yet judged.

Which values are allowed is the catalogue's business; which pictures are, the reference images'.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import NoReturn

from starlette.requests import Request

from filmgate.core.errors import InvalidRequest, MalformedRequest, RequestTooLarge
from filmgate.http.forms import read_multipart, read_urlencoded
from filmgate.usecases.references import ImageBytes, ImageSource, ImageText, ImageUrl

SHORT_TEXT_LIMIT = 200
"""Characters of a field that holds a word or a number: errors quote it, so it must stay short."""

NUMBER_LIMIT = 2**64
"""Larger than any number that means something here, and short enough to be quoted."""

IMAGE_LIMIT = 16
"""More pictures than any model takes: the catalogue says how many that is."""

INLINE_BYTES = 64 * 1024
"""Larger bodies are read in a thread."""

JSON_LIMIT = 32 * 1024 * 1024
"""Room for a picture of the largest size in base64."""

URLENCODED_LIMIT = 1024 * 1024
"""Room for the longest prompt, every character of it percent-encoded."""

_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE | re.ASCII)


class Fields:
    """What a client sent, by field name. A JSON null, like a missing field, reads as None."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str | None:
        """Text of any length."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidRequest(name, f"{name} must be text; this is {_kind(value)}.")
        return _encodable(name, value)

    def word(self, name: str) -> str | None:
        """A short text."""
        text = self.text(name)
        return None if text is None else _short(name, text)

    def number(self, name: str) -> int | str | None:
        """A whole number, or the text of one."""
        value = self._values.get(name)
        if isinstance(value, bool):
            raise InvalidRequest(name, f"{name} must be a whole number; this is {_kind(value)}.")
        if not isinstance(value, int | float):
            return self.word(name)
        if abs(value) > NUMBER_LIMIT:
            raise InvalidRequest(name, f"{name} is far from any number that is allowed.")
        if value != int(value):
            raise InvalidRequest(name, f"{name} {value!r} is not a whole number.")
        return int(value)

    def images(self, name: str) -> tuple[ImageSource, ...] | None:
        """Pictures in any of the forms in which clients send them; None when there is none."""
        value = self._values.get(name)
        items = value if isinstance(value, list) else [value]
        if len(items) > IMAGE_LIMIT:
            raise InvalidRequest(name, f"{name} holds {len(items)} images; that is too many.")
        # An empty string is what some clients send for "no picture".
        return tuple(_image(name, item) for item in items if item not in (None, "")) or None


async def read_fields(request: Request) -> Fields:
    """Raises MalformedRequest. A body that does not say what it is, is taken for JSON."""
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    body = await request.body()
    if len(body) < INLINE_BYTES:
        return _parse(kind, content_type, body)
    return await asyncio.to_thread(_parse, kind, content_type, body)


def _parse(kind: str, content_type: str, body: bytes) -> Fields:
    if kind == "multipart/form-data":
        return Fields(read_multipart(body, content_type))
    # `curl -d` calls its data a form unless it is told otherwise.
    if kind == "application/x-www-form-urlencoded" and not body.lstrip().startswith(b"{"):
        _check_length(body, URLENCODED_LIMIT, advice="send JSON, or multipart/form-data")
        return Fields(read_urlencoded(body))
    _check_length(body, JSON_LIMIT, advice="send pictures as multipart/form-data")
    return Fields(_json_object(body))


def _check_length(body: bytes, limit: int, *, advice: str) -> None:
    """Text takes far longer to read than files, and meanwhile nobody else is answered."""
    if len(body) > limit:
        raise RequestTooLarge(f"A body of this kind may have {limit} bytes at most; {advice}.")


def _json_object(body: bytes) -> Mapping[str, object]:
    if not body.strip():
        raise MalformedRequest(None, "The body is empty; send a JSON object or a form.")
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedRequest(None, f"The body is not UTF-8: {error}.") from error
    except RecursionError as error:
        raise MalformedRequest(None, "The JSON body is nested too deeply.") from error
    except ValueError as error:
        raise MalformedRequest(None, f"The body is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise MalformedRequest(None, f"The JSON body must be an object; this is {_kind(value)}.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _image(name: str, item: object) -> ImageSource:
    if isinstance(item, bytes):
        return ImageBytes(item)
    if isinstance(item, str):
        text = _encodable(name, item)
        return ImageUrl(text.strip()) if _URL.match(text) else ImageText(text)
    if isinstance(item, dict):
        return _image(name, _member(name, item))
    raise InvalidRequest(
        name, f"{name} must be a URL, a data URL or an uploaded file; this is {_kind(item)}."
    )


def _member(name: str, item: Mapping[str, object]) -> str:
    url = item.get("image_url")
    if item.get("file_id") is not None:
        raise InvalidRequest(
            name,
            f"{name} names a file_id, but no files are kept here; send an image_url or a file.",
        )
    if not isinstance(url, str):
        raise InvalidRequest(name, f"{name} as an object needs an image_url with a URL in it.")
    return url


def _short(name: str, text: str) -> str:
    if len(text) > SHORT_TEXT_LIMIT:
        raise InvalidRequest(
            name, f"{name} has {len(text)} characters; at most {SHORT_TEXT_LIMIT} are allowed."
        )
    return text


def _encodable(name: str, text: str) -> str:
    # JSON can spell half a character (a lone surrogate), which is no text for anyone behind us.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(name, f"{name} contains half a character: {error.reason}.") from error
    return text


def _kind(value: object) -> str:
    words: dict[type, str] = {
        bool: "true or false",
        bytes: "a file, or text that is not UTF-8",
        dict: "an object",
        float: "a number",
        int: "a number",
        list: "an array",
        str: "text",
    }
    return words.get(type(value), "null")
