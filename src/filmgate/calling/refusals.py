"""Which error an outcome without a good answer is."""

import json
import re
from collections.abc import Mapping

from filmgate.calling.errors import (
    APIError,
    AuthenticationError,
    ClientError,
    ConflictError,
    ConnectionFailed,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from filmgate.calling.messages import Answer, Broken, Outcome

_KINDS: Mapping[int, type[APIError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def error_from(outcome: Outcome) -> ClientError:
    return _unreachable(outcome) if isinstance(outcome, Broken) else _refused(outcome)


def _unreachable(broken: Broken) -> ConnectionFailed:
    words = str(broken.error) or type(broken.error).__name__
    failure = ConnectionFailed(broken.url, re.sub(r"^\[Errno -?\d+\] ", "", words))
    failure.__cause__ = broken.error
    return failure


def _refused(answer: Answer) -> APIError:
    kind = _KINDS.get(answer.status, ServerError if answer.status >= 500 else APIError)
    said = _said(answer.body)
    return kind(
        said.get("message") or f"The server answered with HTTP status {answer.status}.",
        status=answer.status,
        code=said.get("code"),
        param=said.get("param"),
        request_id=answer.headers.get("x-request-id"),
    )


def _said(body: bytes) -> dict[str, str]:
    """What the error envelope holds; nothing when the body is not one."""
    try:
        envelope = json.loads(body)["error"]
        return {name: str(value) for name, value in envelope.items() if value is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
