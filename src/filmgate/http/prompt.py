"""Prompt answers: a connection that calls the application only where it must, and writes in one piece what is whole.

Uvicorn begins a task for each request and looks at each header of an answer with two expressions; for a poll, either
takes longer than to find the answer.
"""

from functools import partial
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from filmgate.http.answer_headers import lines_of
from filmgate.http.whole import WHOLE_LIMIT, Prompt, Whole, forget, note_body, offer_writing

TAKEN_LIMIT = 16
"""Requests that are answered in one turn of the event loop, of those that came in one piece: others wait as well."""


class PromptProtocol(HttpToolsProtocol):
    """Uvicorn's, for an application that may be a Prompt."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app: object = self.config.app
        self._prompt = app if isinstance(app, Prompt) else None
        self._taken = 0
        self._is_in_one_piece = False
        self._answering: RequestResponseCycle | None = None
        """Of all that came ahead, the one whose turn it is."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._let_go()

    def data_received(self, data: bytes) -> None:
        self._taken = 0
        self._is_in_one_piece = False
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._is_in_one_piece = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._is_in_one_piece and 0 < len(self.cycle.body) <= WHOLE_LIMIT:
            # Nobody has been called yet for it: tasks begin when this piece has been read.
            note_body(_scope(self.cycle), bytes(self.cycle.body))

    def on_response_complete(self) -> None:
        self._let_go()
        super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        # The one before it in the same piece may have been answered already, and uvicorn awaits the next by the clock.
        self._unset_keepalive_if_required()
        if not self._is_taken(cycle, app):
            self._call(app, cycle)

    def _is_taken(self, cycle: RequestResponseCycle, app: Any) -> bool:
        if self._prompt is None or self._taken >= TAKEN_LIMIT or not self._can_write(cycle):
            return False
        self._taken += 1
        return self._prompt.answers(_scope(cycle), partial(self._tell, cycle, app))

    def _tell(self, cycle: RequestResponseCycle, app: Any, answer: Whole | None) -> bool:
        if cycle.disconnected or (answer is not None and self._written(cycle, answer)):
            return True
        self._call(app, cycle)
        return False

    def _call(self, app: Any, cycle: RequestResponseCycle) -> None:
        offer_writing(_scope(cycle), partial(self._written, cycle))
        super()._start_asgi_task(cycle, app)

    def _written(self, cycle: RequestResponseCycle, answer: Whole) -> bool:
        if not self._can_write(cycle):
            return False
        usual = lines_of(cycle.default_headers)
        closing = b"" if cycle.keep_alive else b"connection: close\r\n"
        head = [STATUS_LINE[answer.status], usual, answer.lines, closing, b"\r\n"]
        self.transport.write(b"".join([*head, answer.body]))
        self._end(cycle)
        return True

    def _can_write(self, cycle: RequestResponseCycle) -> bool:
        return not (self.flow.write_paused or cycle.disconnected or cycle.response_started)

    def _end(self, cycle: RequestResponseCycle) -> None:
        """As uvicorn's `send` does after the last piece of a body, and its task at its end."""
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        on_response, cycle.on_response = cycle.on_response, _nothing
        on_response()

    def _let_go(self) -> None:
        """A request that is answered must not hold itself: what runs in circles is looked for rarely."""
        answered, self._answering = self._answering, None
        if answered is not None:
            answered.body = bytearray()
            forget(_scope(answered))


def _scope(cycle: RequestResponseCycle) -> Scope:
    return cast("Scope", cycle.scope)


def _nothing() -> None:
    """There is nothing left to be done."""
