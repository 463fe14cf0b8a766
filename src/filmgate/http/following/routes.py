"""`GET /v1/events` and `GET /v1/videos/{id}/events`: what becomes of videos, told as it happens."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.account import AccountId
from filmgate.core.errors import (
    DatabaseUnavailable,
    InvalidRequest,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
)
from filmgate.http.auth import authenticate, recognise
from filmgate.http.endpoints import Endpoint
from filmgate.http.following.alarms import Alarm
from filmgate.http.following.event_stream import HEARTBEAT_FRAME, EventStream, opening_frame
from filmgate.http.following.reference import OF_ACCOUNT, OF_VIDEO
from filmgate.http.following.telling import Teller, account_teller, video_teller
from filmgate.http.ids import parse_id
from filmgate.http.places import Places
from filmgate.http.services import Services
from filmgate.usecases import following, videos

STREAM_LIMIT = 100
"""For each account, in each process."""

_HEARTBEAT = timedelta(seconds=15)
_LOOK_AT_KEY_AGAIN = timedelta(seconds=30)
_POSITION = re.compile(r"\d{1,18}", re.ASCII)

_OpenTeller = Callable[..., AbstractContextManager[Teller]]


@dataclass(frozen=True, slots=True)
class EventRoutes:
    """`heartbeat` is how long a stream may be silent; `look_at_key_again`, how long a key is believed."""

    services: Services
    heartbeat: timedelta = _HEARTBEAT
    look_at_key_again: timedelta = _LOOK_AT_KEY_AGAIN
    places: Places = field(default_factory=lambda: Places(STREAM_LIMIT, what="event streams"))

    async def of_account(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        wanted = _last_event_id(request)
        end = await self._end(caller.account_id)
        # A position behind the end is none of this database's.
        position = end if wanted is None else min(wanted, end)
        tell = partial(account_teller, account_id=caller.account_id)
        return self._stream(request, tell, position=position, account_id=caller.account_id)

    async def of_video(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        wanted = _last_event_id(request)
        position = await self._end(caller.account_id)
        video = await videos.retrieve(
            self.services.database,
            parse_id(request.path_params["id"]),
            account_id=caller.account_id,
        )
        if video.status.is_terminal and wanted is not None:
            ending = await following.ending_of(self.services.database, video)
            if ending.position <= wanted <= position:
                return Response(status_code=204)  # it was told: browsers then stop coming back
        tell = partial(video_teller, video=video)
        return self._stream(request, tell, position=position, account_id=caller.account_id)

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/v1/events", self.of_account, OF_ACCOUNT),
            Endpoint("GET", "/v1/videos/{id}/events", self.of_video, OF_VIDEO),
        ]

    async def _end(self, account_id: AccountId) -> int:
        ends = await following.last_positions(self.services.database, [account_id])
        return ends[account_id]

    def _stream(
        self, request: Request, tell: _OpenTeller, *, position: int, account_id: AccountId
    ) -> Response:
        frames = self._frames(request, tell, position=position)
        return EventStream(frames, places=self.places, account_id=account_id)

    async def _frames(
        self, request: Request, tell: _OpenTeller, *, position: int
    ) -> AsyncGenerator[str, None]:
        alarm, services = Alarm(), self.services
        right = _Right(request, services, self.look_at_key_again)
        with tell(services.watch, services.database, position=position, alarm=alarm) as teller:
            yield opening_frame(position)
            while True:
                for frame in await _news(teller):
                    yield frame
                if teller.is_over or services.watch.is_closing or not await right.holds():
                    return
                if not await alarm.sleep(request.receive, at_most=self.heartbeat):
                    yield HEARTBEAT_FRAME


async def _news(teller: Teller) -> list[str]:
    with suppress(DatabaseUnavailable):  # asked again when the alarm rings, or the heart has beaten
        return await teller.tell()
    return []


class _Right:
    """The key that a stream was opened with, looked at again now and then: it may have been revoked."""

    def __init__(self, request: Request, services: Services, believed_for: timedelta) -> None:
        self._request = request
        self._services = services
        self._believed_for = believed_for.total_seconds()
        self._clock = asyncio.get_running_loop().time
        self._seen_at = self._clock()

    async def holds(self) -> bool:
        if self._clock() - self._seen_at < self._believed_for:
            return True
        try:
            await recognise(self._request, self._services)
        except (Unauthenticated, PermissionDenied):
            return False
        except (DatabaseUnavailable, RateLimited):
            return True  # they say nothing about the key
        self._seen_at = self._clock()
        return True


def _last_event_id(request: Request) -> int | None:
    text = request.headers.get("last-event-id", "").strip()
    if not text:
        return None
    if _POSITION.fullmatch(text) is None:
        raise InvalidRequest(
            "Last-Event-ID",
            f"Last-Event-ID {text[:100]!r} is not the id of an event; send the last one that was"
            " received, or leave the header out to begin now.",
        )
    return int(text)
