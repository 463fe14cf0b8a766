"""The short cut for polls: the plain success of the query routes, answered before the application is asked.

Nine of ten requests only ask once more after a video. Here they are answered with the same bytes, headers and counts
as by the routes, at a tenth of the cost; whatever is not as plain as that is handed on.
"""

import re
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from filmgate.core.account import AccountId, digest
from filmgate.core.video import VideoId
from filmgate.http.answer_headers import Header, told_in, with_defaults, with_own
from filmgate.http.around import BASE_PREFIXES, request_id_of
from filmgate.http.auth import count_once
from filmgate.http.conditional import tagged_json
from filmgate.http.poll_routes import PollRoute
from filmgate.http.services import Services
from filmgate.http.sightings import Sighting, Words
from filmgate.http.video_answer import AddPlace, polling_headers
from filmgate.metrics.requests import RequestMetrics
from filmgate.usecases.line import Wait

_SCHEME = b"Bearer "
_HOST_LIMIT = 255
_UNLIKE = (b"etag", b"content-length")
_SHARED: dict[Header, Header] = {}
"""Headers that a hundred thousand answers have in common, once."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a sighting comes to. The headers lack those that differ from request to request."""

    wait: Wait | None
    headers: Sequence[Header]
    body: bytes


class PollShortCut:
    """Outside everything else. `requests` are counted here as the application counts its own."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: Services,
        routes: Sequence[PollRoute],
        requests: RequestMetrics,
    ) -> None:
        self._app = app
        self._services = services
        self._routes = routes
        self._paths = _together(routes)
        self._seen = [requests.of(route=each.template, method="GET", status=200) for each in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await self._is_answered(scope, send):
            await self._app(scope, receive, send)

    async def _is_answered(self, scope: Scope, send: Send) -> bool:
        began = time.perf_counter()
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return False
        match, sent = self._paths.fullmatch(scope["path"]), dict(scope["headers"])
        if match is None or not _is_plain(sent, scope["headers"]):
            return False
        number = match.lastindex or 0
        key = sent[b"authorization"].removeprefix(_SCHEME).decode("latin-1")
        caller = self._services.wrong_keys.known.believe(digest(key))
        if caller is None:
            return False
        standing = count_once(scope, self._services, caller)
        if standing is not None and standing.is_over:
            return False  # the routes say so, for which it has been counted now
        answer = await self._answer(
            self._routes[number - 1], VideoId(match[number]), caller.account_id, scope, sent
        )
        if answer is None:
            return False
        request_id = request_id_of(sent.get(b"x-request-id"))
        headers = with_own(answer.headers, told_in(scope), request_id=request_id)
        self._seen[number - 1].note(time.perf_counter() - began)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        return True

    async def _answer(
        self,
        route: PollRoute,
        video_id: VideoId,
        account_id: AccountId,
        scope: Scope,
        sent: dict[bytes, bytes],
    ) -> _Answer | None:
        """None where there is nothing to tell this account."""
        name: Hashable = route.template
        if route.names_host and self._services.public_url is None:
            if b"x-forwarded-proto" in sent or len(sent[b"host"]) > _HOST_LIMIT:
                return None  # whether the one is to be believed is found out further in; the other is kept
            name = route.template, scope["scheme"], sent[b"host"]
        sighting = self._services.sightings.find(video_id, name)
        if sighting is None:
            words = Words(name, route.writer(Request(scope)))
            sighting = await self._services.sightings.look(video_id, words)
        if sighting is None or sighting.account_id != account_id:
            return None
        return await self._told(sighting, route.add_place)

    async def _told(self, sighting: Sighting, add_place: AddPlace | None) -> _Answer:
        wait, waiting, told = None, sighting.waiting, sighting.answer
        if waiting is not None and add_place is not None:
            lines = self._services.lines
            wait = lines.known_wait_of(waiting) or await lines.wait_of(waiting)
        if not isinstance(told, _Answer) or told.wait != wait:
            told = sighting.answer = _answer_of(sighting, wait, add_place)
        return told


def _together(routes: Sequence[PollRoute]) -> re.Pattern[str]:
    """One expression for all of them, below the root and the base prefixes: the group that matched is the route's."""
    prefixes = "|".join(map(re.escape, BASE_PREFIXES))
    return re.compile(f"(?:{prefixes})?(?:{'|'.join(each.path for each in routes)})", re.ASCII)


def _is_plain(sent: dict[bytes, bytes], headers: Sequence[Header]) -> bool:
    """Whether the request wants the video and nothing else, in the usual way."""
    return (
        len(sent) == len(headers)
        and b"host" in sent
        and sent.get(b"authorization", b"").startswith(_SCHEME)
        and b"prefer" not in sent
        and b"if-none-match" not in sent
    )


def _answer_of(sighting: Sighting, wait: Wait | None, add_place: AddPlace | None) -> _Answer:
    assert sighting.body is not None
    body = sighting.body if wait is None or add_place is None else add_place(sighting.body, wait)
    response = tagged_json(body, headers=polling_headers(is_terminal=sighting.is_terminal))
    headers = [
        _SHARED.setdefault(each, each) if each[0] not in _UNLIKE else each
        for each in with_defaults(response.raw_headers)
    ]
    return _Answer(wait, headers, bytes(response.body))
