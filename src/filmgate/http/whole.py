"""What a connection and an application tell each other beside ASGI: what came in one piece, and what can go out in one.

ASGI hands over bodies and answers in messages, which most of ours, being short, do not need. All of it is an offer: on
any other server, and in tests without one, requests are received and answers sent as ever.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from starlette.types import Scope, Send

WHOLE_LIMIT = 64 * 1024
"""Bytes of a body. Larger ones come in pieces."""

_BODY = "filmgate.body"
_WRITE = "filmgate.write"


class Whole(NamedTuple):
    """An answer: its headers as they are sent, a line each, and its body, of which they tell the length."""

    lines: bytes
    body: bytes
    status: int = 200


Write = Callable[[Whole], bool]
"""Sends an answer. False where that has to be waited for, or nobody is there: then it is to be sent as ever."""


Tell = Callable[[Whole | None], bool]
"""Takes an answer, or None. Return whether that was the end of it: otherwise the application is called after all."""


@runtime_checkable
class Prompt(Protocol):
    """An application that need not be called for all that it answers: a task would cost more than some answers do."""

    def answers(self, scope: Scope, tell: Tell) -> bool:
        """Whether the request is taken: then `tell` is called once, now or later. Its body is of no concern."""


def note_body(scope: Scope, body: bytes) -> None:
    """All of the request's, before the application is called. It is received all the same."""
    scope[_BODY] = body


def whole_body(scope: Scope) -> bytes | None:
    """None where it has to be waited for."""
    body: bytes | None = scope.get(_BODY)
    return body


def offer_writing(scope: Scope, write: Write) -> None:
    """Instead of a start and a body."""
    scope[_WRITE] = write


def offered_writing(scope: Scope) -> Write | None:
    """None where it was not offered."""
    write: Write | None = scope.get(_WRITE)
    return write


def forget(scope: Scope) -> None:
    """All of this: the request is answered, or nobody is there any more."""
    scope.pop(_BODY, None)
    scope.pop(_WRITE, None)


async def send_whole(answer: Whole, scope: Scope, send: Send) -> None:
    """At once, where the connection has offered that."""
    write = offered_writing(scope)
    if write is not None and write(answer):
        return
    headers = [tuple(line.split(b": ", 1)) for line in answer.lines.split(b"\r\n")[:-1]]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
