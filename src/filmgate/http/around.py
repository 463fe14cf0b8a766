"""What happens around every request: its id, its log line, its place in the metrics, the headers that no answer may
lack, the base prefixes, and the answer when something went wrong that nobody foresaw.

All of it in one layer of pure ASGI: each layer more costs every request some microseconds, and the framework's own
base class for layers twelve times as much as this.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from random import getrandbits
from urllib.parse import quote

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgate.core.errors import FilmgateError, ServiceUnavailable
from filmgate.http.answer_headers import told_in, with_all
from filmgate.http.errors import Refusal, internal_error, refusal_of
from filmgate.http.refusing import Refusals
from filmgate.metrics.requests import UNKNOWN_ROUTE, RequestMetrics, Seen

BASE_PREFIXES = ("/kyyReactApiServer", "/kyyAiPower")
"""The relays' documents put one of these before every path; the root works as well."""

_PREFIXED = re.compile(f"({'|'.join(BASE_PREFIXES)})/")
_ONE_VIDEO = re.compile(r"(?:/[A-Za-z]+)?/v1/(?:videos|result|video/generations)/[^/]+", re.ASCII)
_HARMLESS_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_HELD_BACK = b"preference-applied"
_NAME = "filmgate.request_id"
_BEGAN = "filmgate.began"

_STOPPING = ServiceUnavailable("The server is being stopped; send the same again in a moment.")

_log = structlog.get_logger("filmgate.http")


class Around:
    """The outermost layer but for what finds out where a request comes from."""

    def __init__(self, app: ASGIApp, *, refusals: Refusals, requests: RequestMetrics) -> None:
        self._app = app
        self._refusals = refusals
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked_path = scope["path"]
        _take_prefix_off(scope)
        exchange = _Exchange(scope, send, self._requests)
        self._requests.in_progress += 1
        # For all that is logged meanwhile. Each request has a context of its own, which ends with it.
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        try:
            await self._answer(exchange, scope, receive)
        finally:
            self._requests.in_progress -= 1
            exchange.end(asked_path)

    async def _answer(self, exchange: "_Exchange", scope: Scope, receive: Receive) -> None:
        try:
            try:
                await self._app(scope, receive, exchange.send)
            except FilmgateError as error:
                if exchange.has_begun:
                    raise
                await self._refuse(refusal_of(error), exchange, scope, receive)
        except ClientDisconnect as error:
            _log.info("the client left before it was answered", reason=str(error.__cause__ or ""))
        except asyncio.CancelledError:
            # Only a server that stops does this, when it has waited as long as it may.
            if exchange.has_begun:
                raise
            await self._refuse(refusal_of(_STOPPING), exchange, scope, receive)
        except Exception:
            _log.exception("a request failed")
            if exchange.has_begun:
                raise  # half an answer must not look like a whole one: the server cuts the connection
            await self._refuse(internal_error(exchange.request_id), exchange, scope, receive)

    async def _refuse(
        self, refusal: Refusal, exchange: "_Exchange", scope: Scope, receive: Receive
    ) -> None:
        answer = self._refusals.answer(refusal, path=scope["path"])
        await answer(scope, receive, exchange.send)


class _Exchange:
    """One request, and the way out of its answer."""

    __slots__ = ("_began", "_requests", "_scope", "_send", "request_id", "status")

    def __init__(self, scope: Scope, send: Send, requests: RequestMetrics) -> None:
        self._scope = scope
        self._send = send
        self._requests = requests
        self._began = beginning_of(scope)
        self.request_id = name_request(scope, dict(reversed(scope["headers"])))
        self.status: int | None = None

    @property
    def has_begun(self) -> bool:
        return self.status is not None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begin(message)
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:  # the connection was closed under our hands
            raise ClientDisconnect from error

    def end(self, asked_path: str) -> None:
        if self.status is None:
            self._seen().note_untimed()
        log_request(self._scope, asked_path, status=self.status, began=self._began)

    def _begin(self, message: Message) -> None:
        self.status = message["status"]
        headers = list(message.get("headers", ()))
        if any(name == _HELD_BACK for name, _ in headers):
            self._seen().note_untimed()  # as long as the client wished, which says nothing of us
        else:
            self._seen().note(time.perf_counter() - self._began)
        message["headers"] = with_all(headers, told_in(self._scope), request_id=self.request_id)

    def _seen(self) -> Seen:
        """By the route that was found, so that no address makes a metric."""
        route = getattr(self._scope.get("route"), "path", UNKNOWN_ROUTE)
        return self._requests.of(route=route, method=self._scope["method"], status=self.status)


def log_request(scope: Scope, asked_path: str, *, status: int | None, began: float) -> None:
    """One line in the log; of a good poll, for which a million others follow, when looking for a fault.

    Never the query or a header: they hold signatures and keys.
    """
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    method, path = scope["method"], _harmless(asked_path)
    write = _log.debug if is_good_poll(method, asked_path, status) else _log.info
    write("request", method=method, path=path, status=status, ms=milliseconds)


def is_good_poll(method: str, path: str, status: int | None) -> bool:
    """Whether a client has only asked once more after one video, and was told."""
    return method == "GET" and status in (200, 304) and _ONE_VIDEO.fullmatch(path) is not None


def beginning_of(scope: Scope) -> float:
    """When the request came, by `time.perf_counter`: whoever meets it first sets it down."""
    began: float = scope.setdefault(_BEGAN, time.perf_counter())
    return began


def name_request(scope: Scope, sent: Mapping[bytes, bytes]) -> str:
    """Its id, which it keeps: whoever it is handed to calls it the same."""
    if _NAME not in scope:
        scope[_NAME] = _request_id(sent.get(b"x-request-id"))
    name: str = scope[_NAME]
    return name


def _request_id(wanted: bytes | None) -> str:
    """The client's own, if it is short and harmless in a log; else a new one."""
    if wanted is not None and _HARMLESS_REQUEST_ID.fullmatch(wanted):
        return wanted.decode()
    return f"req_{getrandbits(96):024x}"


def _take_prefix_off(scope: Scope) -> None:
    """Lets every route answer under the relays' prefixes too."""
    match = _PREFIXED.match(scope["path"])
    if match is None:
        return
    path, prefix = scope["path"], match[1]
    scope["raw_path"] = (scope.get("raw_path") or path.encode()).removeprefix(prefix.encode())
    scope["path"] = path.removeprefix(prefix)


def _harmless(path: str) -> str:
    """A line break in a path must not become one in the log, nor a signature whose `?` a client has encoded."""
    shown, found, _ = path.partition("signature=")
    return (shown if shown.isprintable() else quote(shown)) + (f"{found}…" if found else "")
