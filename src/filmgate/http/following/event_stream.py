"""Server-sent events: how they are written, and the answer that goes on until its frames end.

Our own forty lines: the libraries for this give every stream several tasks, and hook into the server's signals,
which are `running.py`'s here.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from filmgate.core.account import AccountId
from filmgate.http.places import Places

RECONNECT_MILLISECONDS = 2_000
HEARTBEAT_FRAME = ": still here\n\n"
_HEADERS = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would collect a page of it first
}


def opening_frame(position: int) -> str:
    """Tells no event, but where to go on from, should the connection break before there was one."""
    return f"retry: {RECONNECT_MILLISECONDS}\nid: {position}\n\n"


def event_frame(name: str, body: Mapping[str, object], *, position: int) -> str:
    written = json.dumps(body, separators=(",", ":"))
    return f"id: {position}\nevent: {name}\ndata: {written}\n\n"


class EventStream(Response):
    """Takes one of the account's places while it lasts. Each frame waits until the client took the last one."""

    media_type = "text/event-stream"

    def __init__(
        self, frames: AsyncGenerator[str, None], *, places: Places, account_id: AccountId
    ) -> None:
        self.status_code = 200
        self.background = None
        self._frames = frames
        self._places = places
        self._account_id = account_id
        self.init_headers(_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        with self._places.taken(self._account_id):
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            # A stream whose client has gone has come to its end like any other.
            async with aclosing(self._frames) as frames:
                with suppress(ClientDisconnect):
                    async for frame in frames:
                        await send(_body(frame, is_last=False))
            await send(_body("", is_last=True))


def _body(text: str, *, is_last: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": not is_last}
