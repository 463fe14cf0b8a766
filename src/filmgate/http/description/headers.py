"""The headers of our answers, as the OpenAPI description knows them."""

from collections.abc import Iterable
from typing import Any

_PLACE = "#/components/headers/"

_LIMIT = (
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
)

_OF_STATUS = {
    200: _LIMIT,
    401: ("www-authenticate",),
    409: ("x-should-retry", "retry-after", "retry-after-ms"),
    422: ("x-should-retry",),
    429: ("x-should-retry", "retry-after", "retry-after-ms", *_LIMIT),
    503: ("retry-after",),
}

_SURE = ("x-request-id", "www-authenticate")
"""Those that are never missing where they are named."""

_WORDS = {
    "x-request-id": "Names this request in our log: quote it when you report something.",
    "www-authenticate": "`Bearer`: how to send a key.",
    "x-should-retry": "`false` where sending the same again cannot help.",
    "etag": "Names this state: send it as `If-None-Match` to hear only of another.",
    "preference-applied": "`wait=N`, where a wait was asked for.",
    "idempotent-replayed": "`true` where the answer is that of an earlier request with the same key.",
    "x-ratelimit-reset-requests": "When all of them may be made again, as in `1m0s` or `120ms`.",
    "location": "Where the bytes can be had for the next minutes.",
}
_NUMBERS = {
    "retry-after": "Seconds to wait before asking again.",
    "retry-after-ms": "The same in milliseconds.",
    "x-ratelimit-limit-requests": "Requests a minute that the account may make, where there is such a limit.",
    "x-ratelimit-remaining-requests": "How many of them may be made at once now.",
    "openai-poll-after-ms": "Milliseconds to wait before the next query. Not on a final answer.",
}


def headers_of(status: int, own: Iterable[str] = ()) -> dict[str, Any]:
    """References to those of an answer with that status; `own` are the operation's."""
    names = ["x-request-id", *_OF_STATUS.get(status, ()), *own]
    return {name: {"$ref": _PLACE + name} for name in names}


def described_headers() -> dict[str, Any]:
    words = {name: _header(name, said, kind="string") for name, said in _WORDS.items()}
    numbers = {name: _header(name, said, kind="integer") for name, said in _NUMBERS.items()}
    return {**words, **numbers}


def _header(name: str, said: str, *, kind: str) -> dict[str, Any]:
    return {"description": said, "required": name in _SURE, "schema": {"type": kind}}
