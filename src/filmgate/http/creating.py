"""The short cut for creates: text that came in one piece, from a believed caller, for a video made from words alone.

Most creates are such. They are read with the same functions as by the routes, accepted by the same transaction and
answered with the same bytes, counts and log line; but not on the way past everything that other requests may need.
Whatever is not as plain as that, or is refused, is handed on.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from filmgate.core.account import Caller
from filmgate.core.candidate import Candidate
from filmgate.core.errors import FilmgateError, IdempotencyInProgress, QuotaExceeded, RateLimited
from filmgate.core.idempotency import HEADER, Claim, check_key
from filmgate.http.answer_headers import lines_of, own_lines, told_in, with_defaults
from filmgate.http.around import BASE_PREFIXES, beginning_of, log_request, name_request
from filmgate.http.auth import plain_caller
from filmgate.http.bodies.fields import Fields
from filmgate.http.bodies.reading import kind_of_body, parse_text
from filmgate.http.create_routes import CreateRoute
from filmgate.http.creation import note_tried
from filmgate.http.idempotency import fingerprint_of
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services
from filmgate.http.video_answer import body_of_accepted, polling_headers
from filmgate.http.whole import Whole, send_whole, whole_body
from filmgate.metrics.requests import RequestMetrics
from filmgate.usecases import videos
from filmgate.usecases.policies import NO_POLICIES

_RAISED = "filmgate.raised"
_KEY_HEADER = HEADER.lower().encode()
_PERHAPS_MADE_BEFORE = (RateLimited, QuotaExceeded, IdempotencyInProgress)
"""Nothing was written; but what the key stands for comes first, and is found out on the long way."""


class _Wish(NamedTuple):
    """A plain create, and what the client calls it."""

    route: CreateRoute
    candidate: Candidate
    request_id: str


class CreateShortCut:
    """Outside what happens around every request. `requests` are counted here as the application counts its own."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: Services,
        routes: Sequence[CreateRoute],
        requests: RequestMetrics,
    ) -> None:
        self._app = app
        self._services = services
        self._requests = requests
        self._routes = {
            f"{prefix}{route.path}": route for route in routes for prefix in ("", *BASE_PREFIXES)
        }
        self._head, self._tail = _usual_lines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = beginning_of(scope)
        wish = self._wish(scope)
        body = None if wish is None else await self._accepted(wish, scope)
        if wish is None or body is None:
            await self._app(scope, receive, send)
            return
        seen = self._requests.of(route=wish.route.path, method="POST", status=200)
        seen.note(time.perf_counter() - began)
        await send_whole(self._whole(body, scope, wish.request_id), scope, send)
        log_request(scope, scope["path"], status=200, began=began)

    async def _accepted(self, wish: _Wish, scope: Scope) -> bytes | None:
        """What is told of the new video. None where there is none, and somebody else has to say so."""
        structlog.contextvars.bind_contextvars(request_id=wish.request_id)
        route, services = wish.route, self._services
        self._requests.in_progress += 1
        try:
            video = await services.acceptance.accept(wish.candidate)
            body = await body_of_accepted(
                services, video, write=route.write, add_place=route.add_place
            )
            return body.encode()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is raised again, see `Raising`
            note_tried(scope)
            scope["route"] = route  # for the metrics: nobody looks for it any more
            has_key = wish.candidate.claim is not None
            if not (has_key and isinstance(error, _PERHAPS_MADE_BEFORE)):
                scope[_RAISED] = error
            return None
        finally:
            self._requests.in_progress -= 1

    def _wish(self, scope: Scope) -> _Wish | None:
        """None where it is not plain, or something is wrong with it."""
        body = whole_body(scope)
        if body is None or scope["method"] != "POST":
            return None
        route, headers = self._routes.get(scope["path"]), scope["headers"]
        sent = dict(headers)
        if route is None or len(sent) != len(headers) or b"prefer" in sent:
            return None
        caller = plain_caller(scope, self._services, sent)
        if caller is None or self._services.policies != NO_POLICIES:
            return None
        try:
            candidate = self._candidate(route, caller, sent, body)
        except FilmgateError:
            return None
        if candidate is None:
            return None
        return _Wish(route, candidate, name_request(scope, sent))

    def _candidate(
        self, route: CreateRoute, caller: Caller, sent: dict[bytes, bytes], body: bytes
    ) -> Candidate | None:
        kind = kind_of_body(sent.get(b"content-type", b"").decode("latin-1"))
        if kind == "multipart/form-data":
            return None
        fields, claim = Fields(parse_text(kind, bytearray(body))), None
        if _KEY_HEADER in sent:
            key = check_key(sent[_KEY_HEADER].decode("latin-1"))
            fingerprint = fingerprint_of(fields.values, path=route.path)
            claim = Claim.new(caller.account_id, key, fingerprint=fingerprint)
        order, catalogue = route.parse(fields), self._services.catalogue
        if order.images or order.characters:
            return None
        spec = catalogue.validate(order.request)
        return Candidate(
            video_id=videos.new_id(),
            spec=spec,
            caller=caller,
            dialect=route.dialect,
            price_per_second=catalogue.price_of(spec),
            claim=claim,
        )

    def _whole(self, body: bytes, scope: Scope, request_id: str) -> Whole:
        own = own_lines(told_in(scope), request_id=request_id)
        return Whole(b"%b%d%b%b" % (self._head, len(body), self._tail, own), body)


class Raising:
    """Within what happens around every request: raises there what the short cut has met with."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _RAISED in scope:
            raise scope.pop(_RAISED)
        await self._app(scope, receive, send)


def _usual_lines() -> tuple[bytes, bytes]:
    """What all answers have in common, before the length of the body and after it."""
    answer = json_answer(b"", headers=polling_headers(is_terminal=False))
    head, name, tail = lines_of(with_defaults(answer.raw_headers)).partition(b"content-length: 0")
    return head + name.removesuffix(b"0"), tail
