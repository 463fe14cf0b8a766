"""The headers of every answer: what a browser must not do with it, and what was found out about the request."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TOLD = "filmgate.headers"

_ALWAYS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}

_OF_TEXT = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}
"""Not of pictures and films: what browsers build around one of these is subject to its policy, and breaks."""

_MEDIA = ("video/", "image/")


def tell(scope: Scope, headers: Mapping[str, str]) -> None:
    """Put these on the answer to this request, whatever it will be."""
    scope.setdefault(_TOLD, {}).update(headers)


class AnswerHeaders:
    """An answer's own headers stand; those that it lacks are added."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # One object for all copies of the scope that are made further in.
        told: dict[str, str] = scope.setdefault(_TOLD, {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**_defaults(headers), **told}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _defaults(headers: MutableHeaders) -> Mapping[str, str]:
    is_media = headers.get("content-type", "").startswith(_MEDIA)
    # What has an ETag may be kept, as long as we are asked each time.
    caching = "private, no-cache" if "etag" in headers else "no-store"
    return {**_ALWAYS, **({} if is_media else _OF_TEXT), "cache-control": caching}
