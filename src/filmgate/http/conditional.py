"""Conditional answers: the same bytes are not sent twice to a client that says which ones it has."""

import re
from collections.abc import Mapping
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

from filmgate.http.json_answer import json_answer

_REVALIDATE = {"cache-control": "private, no-cache"}
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def conditional_json(request: Request, body: str, *, headers: Mapping[str, str]) -> Response:
    """What a GET found: 200 with an ETag, or 304 where the client has it already."""
    answer = tagged_json(body, headers=headers)
    etag = answer.headers["etag"]
    if is_known(request, etag):
        return Response(status_code=304, headers={**headers, **_REVALIDATE, "etag": etag})
    return answer


def tagged_json(body: str, *, headers: Mapping[str, str]) -> Response:
    """200 with an ETag."""
    written = body.encode()
    etag = f'"{blake2b(written, digest_size=16).hexdigest()}"'
    return json_answer(written, headers={**headers, **_REVALIDATE, "etag": etag})


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has what this tag names; a weak tag of the same text will do."""
    text = ",".join(request.headers.getlist("if-none-match"))
    return text.strip() == "*" or etag in _TAG.findall(text)
