"""How long we wait for a body: nobody may hold a connection with a letter now and then."""

import asyncio
import time
from datetime import timedelta

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgate.core.errors import FilmgateError
from filmgate.http.whole import whole_body

IDLE = timedelta(seconds=30)
"""Between two pieces."""

HEAD_START = timedelta(seconds=30)
BYTES_PER_SECOND = 8 * 1024
"""What a body must come to, after the head start: below this, the largest would take hours."""


class RequestTimedOut(FilmgateError):
    """The rest of the body did not come in time."""

    code = "request_timeout"


class BodyPatience:
    """Counts only the time in which the client keeps us waiting, not the one in which we keep it."""

    def __init__(
        self, app: ASGIApp, *, idle: timedelta = IDLE, head_start: timedelta = HEAD_START
    ) -> None:
        self._app = app
        self._idle = idle.total_seconds()
        self._head_start = head_start.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if whole_body(scope) is not None:
            await self._app(scope, receive, send)
            return
        waited, seen, is_whole = 0.0, 0, False

        async def receive_in_time() -> Message:
            nonlocal waited, seen, is_whole
            if is_whole:
                return await receive()  # it waits for the client to leave
            began = time.monotonic()
            left = self._head_start + seen / BYTES_PER_SECOND - waited
            try:
                async with asyncio.timeout(min(self._idle, left)):
                    message = await receive()
            except TimeoutError as error:
                raise RequestTimedOut("The body came too slowly, or not at all.") from error
            waited += time.monotonic() - began
            seen += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)
