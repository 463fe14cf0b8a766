"""The table from our errors to HTTP: status, error type and headers. Their wire shape is each dialect's own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from filmgate.core.errors import (
    BytesOutOfRange,
    Conflict,
    FilmgateError,
    IdempotencyConflict,
    IdempotencyInProgress,
    InvalidRequest,
    InvalidSignature,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    RequestTooLarge,
    ServiceUnavailable,
    Unauthenticated,
    VideoExpired,
    VideoHasFailed,
)
from filmgate.http.bodies.patience import RequestTimedOut
from filmgate.http.routing import MethodNotAllowed

RETRY_AFTER_SECONDS = 5
"""How long a client should leave us alone when the database or the storage is away."""

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_DO_NOT_RETRY: Mapping[str, str] = MappingProxyType({"x-should-retry": "false"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """All that a client is told about an error, before a dialect puts it into its own shape."""

    status: int
    type: str
    code: str
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)


@dataclass(frozen=True, slots=True)
class _Row:
    status: int
    type: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)


TABLE: Mapping[type[FilmgateError], _Row] = {
    InvalidRequest: _Row(400, "invalid_request_error"),
    Unauthenticated: _Row(401, "authentication_error", {"www-authenticate": "Bearer"}),
    PermissionDenied: _Row(403, "permission_error"),
    InvalidSignature: _Row(403, "permission_error"),
    NotFound: _Row(404, "invalid_request_error"),
    MethodNotAllowed: _Row(405, "invalid_request_error"),
    # Closed at once, a client that still sends would lose the answer: see `connections.py` for how it ends.
    RequestTimedOut: _Row(408, "invalid_request_error"),
    # A 409 is retried by the official clients unless they are told that it is final.
    Conflict: _Row(409, "invalid_request_error", _DO_NOT_RETRY),
    IdempotencyInProgress: _Row(409, "invalid_request_error"),
    VideoExpired: _Row(410, "invalid_request_error"),
    RequestTooLarge: _Row(413, "invalid_request_error"),
    BytesOutOfRange: _Row(416, "invalid_request_error"),
    VideoHasFailed: _Row(422, "video_generation_error"),
    IdempotencyConflict: _Row(422, "invalid_request_error", _DO_NOT_RETRY),
    QuotaExceeded: _Row(429, "insufficient_quota", _DO_NOT_RETRY),
    RateLimited: _Row(429, "rate_limit_error"),
    ServiceUnavailable: _Row(503, "server_error", {"retry-after": str(RETRY_AFTER_SECONDS)}),
}


def refusal_of(error: FilmgateError) -> Refusal:
    """Look the class up along its ancestors. Raise the error again when none of them may reach a client."""
    row = next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), None)
    if row is None:
        raise error
    return Refusal(
        status=row.status,
        type=row.type,
        code=_code(error),
        message=error.message,
        param=error.param if isinstance(error, InvalidRequest) else None,
        headers={**row.headers, **_facts(error)},
    )


def internal_error(request_id: str) -> Refusal:
    """Nothing of the inside: the log holds the rest under the same request id."""
    return Refusal(
        status=500,
        type="server_error",
        code=FilmgateError.code,
        message=f"Something went wrong on our side. If you report it, name the request {request_id}.",
    )


def _code(error: FilmgateError) -> str:
    return error.failure_code if isinstance(error, VideoHasFailed) else error.code


def _facts(error: FilmgateError) -> Mapping[str, str]:
    """What the error's own facts add to the headers."""
    if isinstance(error, BytesOutOfRange):
        return {"content-range": f"bytes */{error.size_bytes}"}
    if isinstance(error, MethodNotAllowed):
        return {"allow": error.allowed}
    if not isinstance(error, RateLimited | IdempotencyInProgress):
        return _NO_HEADERS
    seconds = max(error.retry_after.total_seconds(), 0.001)
    return {
        "retry-after": str(math.ceil(seconds)),
        "retry-after-ms": str(math.ceil(seconds * 1000)),
    }
