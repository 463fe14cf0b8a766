"""The short cut for polls: the plain success of the query routes, answered before the application is asked.

Nine of ten requests only ask once more after a video. Here they are answered with the same bytes, headers and counts
as by the routes, at a twentieth of the cost: by the connection itself, without a task. Whatever is not as plain as
that is handed on.
"""

import re
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from filmgate.core.account import AccountId
from filmgate.core.video import VideoId
from filmgate.http.answer_headers import Header, lines_of, own_lines, told_in, with_defaults
from filmgate.http.around import BASE_PREFIXES, beginning_of, name_request
from filmgate.http.auth import plain_caller
from filmgate.http.conditional import tagged_json
from filmgate.http.poll_routes import PollRoute
from filmgate.http.services import Services
from filmgate.http.sightings import Sighting, Words
from filmgate.http.video_answer import AddPlace, polling_headers
from filmgate.http.whole import Tell, Whole, send_whole
from filmgate.metrics.requests import RequestMetrics
from filmgate.usecases.line import Wait

_HOST_LIMIT = 255
_ASKED = "filmgate.asked"

_log = structlog.get_logger("filmgate.http")


_Lines = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a sighting comes to: `lines` are those of its headers that are its own, between the `usual` ones. Those that
    differ from request to request come behind these.
    """

    wait: Wait | None
    usual: _Lines
    lines: bytes
    body: bytes


class _Asked(NamedTuple):
    """A plain poll of a believed caller: the route's number, the video, and whose words it is to be told in."""

    number: int
    video_id: VideoId
    account_id: AccountId
    name: Hashable
    request_id: str


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
        self._usual: dict[_Lines, _Lines] = {}
        """What a hundred thousand answers have in common, once."""

    def answers(self, scope: Scope, tell: Tell) -> bool:
        """All plain polls are taken. What was found out of the others is kept for `__call__`."""
        began = beginning_of(scope)
        asked = self._asked(scope)
        if asked is None:
            return False

        def told(sighting: Sighting | None) -> None:
            try:
                whole = self._known_whole(sighting, asked, scope)
            except Exception:  # noqa: BLE001 - nobody is above this who would answer
                # The routes will meet with it, too, and say so.
                _log.exception("a poll failed")
                whole = scope[_ASKED] = None
            took = time.perf_counter() - began
            if tell(whole) and whole is not None:
                self._seen[asked.number].note(took)

        sightings = self._services.sightings
        sighting = sightings.find(asked.video_id, asked.name)
        if sighting is None:
            return sightings.look_for(asked.video_id, self._words(asked, scope), told)
        told(sighting)
        return True

    def _known_whole(self, sighting: Sighting | None, asked: _Asked, scope: Scope) -> Whole | None:
        """None where `__call__` has to see to it."""
        if sighting is None or sighting.account_id != asked.account_id:
            scope[_ASKED] = None  # there is nothing to tell: the routes say so
            return None
        answer = self._known_answer(sighting, self._routes[asked.number].add_place)
        return None if answer is None else _whole(answer, asked, scope)

    def _words(self, asked: _Asked, scope: Scope) -> Words:
        return Words(asked.name, self._routes[asked.number].writer(Request(scope)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await self._is_answered(scope, send):
            await self._app(scope, receive, send)

    async def _is_answered(self, scope: Scope, send: Send) -> bool:
        began = beginning_of(scope)
        asked = self._asked(scope)
        answer = None if asked is None else await self._answer(asked, scope)
        if asked is None or answer is None:
            return False
        self._seen[asked.number].note(time.perf_counter() - began)
        await send_whole(_whole(answer, asked, scope), scope, send)
        return True

    def _asked(self, scope: Scope) -> _Asked | None:
        """None where it is not plain, or the caller's standing is anything but good. Found out once a request."""
        if _ASKED not in scope:
            scope[_ASKED] = self._read(scope)
        asked: _Asked | None = scope[_ASKED]
        return asked

    def _read(self, scope: Scope) -> _Asked | None:
        if scope["method"] != "GET" or scope["query_string"]:
            return None
        match, sent = self._paths.fullmatch(scope["path"]), dict(scope["headers"])
        if match is None or not _is_plain(sent, scope["headers"]):
            return None
        number = (match.lastindex or 0) - 1
        name = self._name(self._routes[number], scope, sent)
        caller = None if name is None else plain_caller(scope, self._services, sent)
        if name is None or caller is None:
            return None
        video_id, request_id = VideoId(match[number + 1]), name_request(scope, sent)
        return _Asked(number, video_id, caller.account_id, name, request_id)

    def _name(self, route: PollRoute, scope: Scope, sent: dict[bytes, bytes]) -> Hashable | None:
        """Of the words of this route, to whoever asked so. None where they are not to be kept."""
        if not route.names_host or self._services.public_url is not None:
            return route.template
        if b"x-forwarded-proto" in sent or len(sent[b"host"]) > _HOST_LIMIT:
            # Whether the one is to be believed is found out further in; the other is kept.
            return None
        return route.template, scope["scheme"], sent[b"host"]

    async def _answer(self, asked: _Asked, scope: Scope) -> _Answer | None:
        """None where there is nothing to tell this account."""
        route, sightings = self._routes[asked.number], self._services.sightings
        sighting = sightings.find(asked.video_id, asked.name)
        if sighting is None:
            sighting = await sightings.look(asked.video_id, self._words(asked, scope))
        if sighting is None or sighting.account_id != asked.account_id:
            return None
        known = self._known_answer(sighting, route.add_place)
        if known is not None:
            return known
        assert sighting.waiting is not None
        wait = await self._services.lines.wait_of(sighting.waiting)
        return self._kept_answer(sighting, wait, route.add_place)

    def _known_answer(self, sighting: Sighting, add_place: AddPlace | None) -> _Answer | None:
        """None where it would have to be looked up how long the video waits."""
        if sighting.waiting is None or add_place is None:
            return self._kept_answer(sighting, None, add_place)
        wait = self._services.lines.known_wait_of(sighting.waiting)
        return None if wait is None else self._kept_answer(sighting, wait, add_place)

    def _kept_answer(
        self, sighting: Sighting, wait: Wait | None, add_place: AddPlace | None
    ) -> _Answer:
        told = sighting.answer
        if not isinstance(told, _Answer) or told.wait != wait:
            told = sighting.answer = self._written_answer(sighting, wait, add_place)
        return told

    def _written_answer(
        self, sighting: Sighting, wait: Wait | None, add_place: AddPlace | None
    ) -> _Answer:
        body = sighting.body
        assert body is not None
        if wait is not None and add_place is not None:
            body = add_place(body, wait)
        response = tagged_json(body, headers=polling_headers(is_terminal=sighting.is_terminal))
        lines = lines_of(with_defaults(response.raw_headers))
        begin, end = lines.index(b"etag: "), lines.index(b"content-type: ")
        usual = lines[:begin], lines[end:]
        usual = self._usual.setdefault(usual, usual)
        return _Answer(wait, usual, lines[begin:end], bytes(response.body))


def _together(routes: Sequence[PollRoute]) -> re.Pattern[str]:
    """One expression for all of them, below the root and the base prefixes: the group that matched is the route's."""
    prefixes = "|".join(map(re.escape, BASE_PREFIXES))
    return re.compile(f"(?:{prefixes})?(?:{'|'.join(each.path for each in routes)})", re.ASCII)


def _is_plain(sent: dict[bytes, bytes], headers: Sequence[Header]) -> bool:
    """Whether the request wants the video and nothing else, in the usual way."""
    return (
        len(sent) == len(headers)
        and b"host" in sent
        and b"prefer" not in sent
        and b"if-none-match" not in sent
    )


def _whole(answer: _Answer, asked: _Asked, scope: Scope) -> Whole:
    head, tail = answer.usual
    own = own_lines(told_in(scope), request_id=asked.request_id)
    return Whole(b"".join([head, answer.lines, tail, own]), answer.body)
