"""The headers of every answer: what a browser must not do with it, and what was found out about the request."""

from collections.abc import Mapping, Sequence

from starlette.types import Scope

_TOLD = "filmgate.headers"

Header = tuple[bytes, bytes]

_ALWAYS: Sequence[Header] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)

_OF_TEXT: Sequence[Header] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
)
"""Not of pictures and films: what browsers build around one of these is subject to its policy, and breaks."""

_MEDIA = (b"video/", b"image/")
_NOT_KEPT = (b"cache-control", b"no-store")
_ASKED_EACH_TIME = (b"cache-control", b"private, no-cache")
"""What has an ETag may be kept, as long as we are asked each time."""


def tell(scope: Scope, headers: Mapping[str, str]) -> None:
    """Put these on the answer to this request, whatever it will be."""
    scope.setdefault(_TOLD, {}).update(headers)


def told_in(scope: Scope) -> Mapping[str, str]:
    """What `tell` was told of this request."""
    told: Mapping[str, str] = scope.get(_TOLD, {})
    return told


def with_defaults(headers: Sequence[Header]) -> list[Header]:
    """An answer's own headers, whose names are in lower case, and what they lack."""
    return _with_defaults(headers, dict(headers))


def own_lines(told: Mapping[str, str], *, request_id: str) -> bytes:
    """Those that differ from request to request, as they are sent."""
    lines = [f"{name}: {value}\r\n" for name, value in told.items()]
    return f"{''.join(lines)}x-request-id: {request_id}\r\n".encode("latin-1")


def lines_of(headers: Sequence[Header]) -> bytes:
    """As they are sent."""
    return b"".join([b"%b: %b\r\n" % each for each in headers])


def with_all(
    headers: Sequence[Header], told: Mapping[str, str], *, request_id: str
) -> list[Header]:
    """An answer's own headers stand; those that it lacks are added, and last those that differ from request to request."""
    present = dict(headers)
    written = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    own = [each for each in written if each[0] not in present]
    return [*_with_defaults(headers, present), *own, (b"x-request-id", request_id.encode())]


def _with_defaults(headers: Sequence[Header], present: Mapping[bytes, bytes]) -> list[Header]:
    is_media = present.get(b"content-type", b"").startswith(_MEDIA)
    caching = _ASKED_EACH_TIME if b"etag" in present else _NOT_KEPT
    more = (*_ALWAYS, *(() if is_media else _OF_TEXT), caching)
    return [*headers, *[each for each in more if each[0] not in present]]
