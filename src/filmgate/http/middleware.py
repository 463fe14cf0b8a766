"""What happens around every request: its id, its log line, the base prefixes, the limit of its body, and
the answer when something went wrong that nobody foresaw. Pure ASGI: the framework's own base class costs 12x.
"""

import asyncio
import re
import secrets
import time
from urllib.parse import quote

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgate.core.errors import RequestTooLarge, ServiceUnavailable
from filmgate.http.bodies.announced import announced_bytes
from filmgate.http.errors import Refusal, internal_error, refusal_of
from filmgate.http.refusing import Refusals

BASE_PREFIXES = ("/kyyReactApiServer", "/kyyAiPower")
"""The relays' documents put one of these before every path; the root works as well."""

_METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
"""Nobody reads the body of any other; while a file is sent, the framework only listens for the end."""

_HARMLESS_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_REQUEST_ID = "filmgate.request_id"

_STOPPING = ServiceUnavailable("The server is being stopped; send the same again in a moment.")

_log = structlog.get_logger("filmgate.http")


class RequestIds:
    """`x-request-id` on every answer, and on every log line written meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        scope[_REQUEST_ID] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_with_id)


class AccessLog:
    """One line per request. Never the query or a header: they hold signatures and keys."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status: int | None = None

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            path = _harmless(scope["path"])
            _log.info("request", method=scope["method"], path=path, status=status, ms=milliseconds)


class BasePrefixes:
    """Lets every route answer under the relays' prefixes too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for prefix in BASE_PREFIXES:
                if scope["path"].startswith(f"{prefix}/"):
                    path = scope["path"].removeprefix(prefix)
                    raw_path = (scope.get("raw_path") or path.encode()).removeprefix(
                        prefix.encode()
                    )
                    scope = {**scope, "path": path, "raw_path": raw_path}
                    break
        await self._app(scope, receive, send)


class LastResort:
    """Whatever nobody foresaw: a traceback for us, a request id for the client."""

    def __init__(self, app: ASGIApp, *, refusals: Refusals) -> None:
        self._app = app
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = _Answering(send)
        try:
            await self._app(scope, receive, answering.send)
        except ClientDisconnect as error:
            _log.info("the client left before it was answered", reason=str(error.__cause__ or ""))
        except asyncio.CancelledError:
            # Only a server that stops does this, when it has waited as long as it may.
            if answering.has_begun:
                raise
            await self._refuse(refusal_of(_STOPPING), scope, receive, send)
        except Exception:
            _log.exception("a request failed")
            if answering.has_begun:
                raise  # half an answer must not look like a whole one: the server cuts the connection
            await self._refuse(internal_error(scope[_REQUEST_ID]), scope, receive, send)

    async def _refuse(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusals.answer(refusal, path=scope["path"])
        await answer(scope, receive, send)


class _Answering:
    """The way out of one request, and whether anything has gone it yet."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def send(self, message: Message) -> None:
        self.has_begun = self.has_begun or message["type"] == "http.response.start"
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:  # the connection was closed under our hands
            raise ClientDisconnect from error


class BodyLimit:
    """Refuses a body over the limit as soon as it shows, by its announced length or by counting."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _METHODS_WITH_BODY:
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


def _harmless(path: str) -> str:
    """A line break in a path must not become one in the log, nor a signature whose `?` a client has encoded."""
    shown, found, _ = path.partition("signature=")
    return (shown if shown.isprintable() else quote(shown)) + (f"{found}…" if found else "")


def _request_id(wanted: str | None) -> str:
    """The client's own, if it is short and harmless in a log; else a new one."""
    if wanted is not None and _HARMLESS_REQUEST_ID.fullmatch(wanted):
        return wanted
    return f"req_{secrets.token_hex(12)}"
