"""The body of a request, whichever of its three kinds it is, as fields by name."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

from starlette.requests import Request

from filmgate.core.errors import MalformedRequest, RequestTooLarge
from filmgate.http.bodies.announced import announced_bytes
from filmgate.http.bodies.fields import Fields, kind_of
from filmgate.http.bodies.forms import read_urlencoded
from filmgate.http.bodies.multipart import read_multipart
from filmgate.http.bodies.room import Share
from filmgate.http.bodies.uploads import Uploads

INLINE_BYTES = 64 * 1024
"""Larger texts are parsed in a thread."""

JSON_LIMIT = 32 * 1024 * 1024
"""Room for a picture of the largest size in base64."""

VALUE_LIMIT = 100_000
"""Values of a JSON body, about: nobody sends more than a few dozen, and each takes memory and time."""

URLENCODED_LIMIT = 1024 * 1024
"""Room for the longest prompt, every character of it percent-encoded."""

_OBJECT = re.compile(rb"\s*\{")


@asynccontextmanager
async def open_fields(
    request: Request, *, scratch: Path, memory: Share, disk: Share
) -> AsyncIterator[Fields]:
    """The uploads among them are files below `scratch` until the block ends.

    Raises MalformedRequest, RequestTooLarge, StorageUnavailable, or what a Share does. A body that does not
    say what it is, is taken for JSON.
    """
    async with Uploads(scratch, disk) as uploads:
        yield Fields(await _read(request, uploads, memory))


async def _read(request: Request, uploads: Uploads, memory: Share) -> Mapping[str, object]:
    content_type = request.headers.get("content-type", "")
    kind = kind_of_body(content_type)
    if kind == "multipart/form-data":
        return await read_multipart(request.stream(), content_type, uploads=uploads, memory=memory)
    text = await _collect(request, memory)
    if len(text) < INLINE_BYTES:
        return parse_text(kind, text)
    return await asyncio.to_thread(parse_text, kind, text)


async def _collect(request: Request, memory: Share) -> bytearray:
    """Text takes far longer to read than files, and all of it is held in memory at once."""
    advice = "send files as multipart/form-data"
    _check_length(announced_bytes(request.headers), JSON_LIMIT, advice=advice)
    text = bytearray()
    async for chunk in request.stream():
        text += chunk
        _check_length(len(text), JSON_LIMIT, advice=advice)
        memory.add(len(chunk))
    return text


def _check_length(length: int, limit: int, *, advice: str) -> None:
    if length > limit:
        raise RequestTooLarge(f"A body of this kind may have {limit} bytes at most; {advice}.")


def kind_of_body(content_type: str) -> str:
    """What the header says, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def parse_text(kind: str, text: bytearray) -> Mapping[str, object]:
    """A urlencoded form, or JSON. Empties `text`. Raises MalformedRequest or RequestTooLarge."""
    # `curl -d` calls its data a form unless it is told otherwise.
    if kind == "application/x-www-form-urlencoded" and not _OBJECT.match(text):
        _check_length(len(text), URLENCODED_LIMIT, advice="send JSON, or multipart/form-data")
        return read_urlencoded(text)
    _check_value_count(text)
    return _json_object(_decoded(text))


def _check_value_count(text: bytearray) -> None:
    """Before parsing: the parser lets nothing else run, and builds them all."""
    # Those within strings are counted too: the longest prompt has room for them.
    count = text.count(b",") + text.count(b"[") + text.count(b"{")
    if count > VALUE_LIMIT:
        raise RequestTooLarge(f"The JSON body holds more than {VALUE_LIMIT} values.")


def _decoded(text: bytearray) -> str:
    """Empties `text`: nobody needs it twice."""
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedRequest(None, f"The body is not UTF-8: {error}.") from error
    text.clear()
    return decoded


def _json_object(text: str) -> Mapping[str, object]:
    if not text or text.isspace():
        raise MalformedRequest(None, "The body is empty; send a JSON object or a form.")
    try:
        value = _JSON.decode(text)
    except RecursionError as error:
        raise MalformedRequest(None, "The JSON body is nested too deeply.") from error
    except ValueError as error:
        raise MalformedRequest(None, f"The body is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise MalformedRequest(None, f"The JSON body must be an object; this is {kind_of(value)}.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
"""Made once: to make one takes longer than to read a create."""
