"""What a connection and the application tell each other beside ASGI, and that all of it is only an offer."""

import pytest
from starlette.types import Message, Scope

from filmgate.http.answer_headers import lines_of
from filmgate.http.whole import (
    Prompt,
    Tell,
    Whole,
    Write,
    note_body,
    offer_writing,
    offered_writing,
    send_whole,
    whole_body,
)

HEADERS = [
    (b"content-length", b"3"),
    (b"x-strange", b"a: b: c"),
    (b"x-empty", b""),
    (b"x-latin", b"\xfc"),
    (b"content-length-of-others", b"5"),
]
ANSWER = Whole(lines_of(HEADERS), b"abc")


class Taker:
    """A connection that has offered to write, and takes answers or does not."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes
        self.offered: list[Whole] = []

    def write(self, answer: Whole) -> bool:
        self.offered.append(answer)
        return self.takes


async def sent(answer: Whole, *, write: Write | None = None) -> list[Message]:
    """The messages of ASGI."""
    messages: list[Message] = []
    scope: Scope = {"type": "http"}
    if write is not None:
        offer_writing(scope, write)

    async def send(message: Message) -> None:
        messages.append(message)

    await send_whole(answer, scope, send)
    return messages


async def test_without_an_offer_an_answer_is_sent_as_ever() -> None:
    start, body = await sent(ANSWER)
    assert start == {"type": "http.response.start", "status": 200, "headers": HEADERS}
    assert body == {"type": "http.response.body", "body": b"abc"}


async def test_where_it_is_taken_nothing_else_is_sent() -> None:
    taker = Taker(takes=True)
    assert await sent(ANSWER, write=taker.write) == []
    assert taker.offered == [ANSWER]


async def test_an_offer_that_is_withdrawn_is_as_none() -> None:
    taker = Taker(takes=False)
    assert await sent(ANSWER, write=taker.write) == await sent(ANSWER)
    assert taker.offered == [ANSWER]


@pytest.mark.parametrize("status", [200, 404, 503])
async def test_the_status_is_kept(status: int) -> None:
    start, _ = await sent(ANSWER._replace(status=status))
    assert start["status"] == status


async def test_an_answer_without_headers_is_one() -> None:
    assert await sent(Whole(b"", b"")) == [
        {"type": "http.response.start", "status": 200, "headers": []},
        {"type": "http.response.body", "body": b""},
    ]


def test_a_body_is_noted_once_it_is_whole() -> None:
    scope: Scope = {"type": "http"}
    assert whole_body(scope) is None
    note_body(scope, b"all of it")
    assert whole_body(scope) == b"all of it"


def test_writing_is_offered_or_not() -> None:
    scope, taker = {"type": "http"}, Taker(takes=True)
    assert offered_writing(scope) is None
    offer_writing(scope, taker.write)
    write = offered_writing(scope)
    assert write is not None
    assert write(ANSWER)


def test_what_has_answers_ready_is_known_by_that() -> None:
    class Ready:
        def answers(self, scope: Scope, tell: Tell) -> bool:
            return bool(scope) and tell(ANSWER)

    assert isinstance(Ready(), Prompt)
    assert not isinstance(Taker(takes=True), Prompt)
