"""The limit of a body: whoever announces or sends more is refused as soon as it shows."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgate.core.errors import RequestTooLarge
from filmgate.http.bodies.announced import announced_bytes
from filmgate.http.whole import whole_body

_METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
"""Nobody reads the body of any other; while a file is sent, the framework only listens for the end."""


class BodyLimit:
    """Refuses a body over the limit as soon as it shows, by its announced length or by counting."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = whole_body(scope)
        has_small = whole is not None and len(whole) <= self._max_bytes
        if scope["method"] not in _METHODS_WITH_BODY or has_small:
            await self._app(scope, receive, send)
            return
        seen = 0
        announced = announced_bytes(Headers(scope=scope))

        async def receive_within_limit() -> Message:
            nonlocal seen
            # Before receiving: a client that waits for `100 Continue` then never sends the body.
            self._check(announced)
            message = await receive()
            seen += len(message.get("body", b""))
            self._check(seen)
            return message

        await self._app(scope, receive_within_limit, send)

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise RequestTooLarge(f"The body is larger than {self._max_bytes} bytes.")
