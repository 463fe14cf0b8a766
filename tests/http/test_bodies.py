"""How a body is taken in: how much of it, for how long, and what is left when its sender goes away."""

import json
import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from filmgate.core.catalogue import PROMPT_LIMIT
from filmgate.core.errors import InvalidRequest, RequestTooLarge
from filmgate.http.app import build_app
from filmgate.http.bodies.reading import JSON_LIMIT, URLENCODED_LIMIT, VALUE_LIMIT, open_fields
from filmgate.http.services import Services
from tests.http.stage import Traces, picture, plenty

MEGABYTE = 1024 * 1024
FORM = {"content-type": "multipart/form-data; boundary=b"}
UPLOAD = b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="f"\r\n\r\n'
PROMPT = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nA cat\r\n'
LARGE_PICTURE = picture() + bytes(MEGABYTE)


def arriving(
    pieces: Sequence[bytes], headers: dict[str, str], *, taken: list[int] | None = None
) -> Request:
    """A request whose body is read piece by piece; `taken` learns how much of it was."""
    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    left = list(pieces)

    async def receive() -> Message:
        body = left.pop(0)
        if taken is not None:
            taken.append(len(body))
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return Request(scope, receive)


async def test_json_may_come_in_any_pieces(scratch: Path) -> None:
    body = '{"prompt": "Ein Kätzchen"}'.encode()
    request = arriving([body[i : i + 1] for i in range(len(body))], {})
    async with open_fields(request, scratch=scratch, memory=plenty(), disk=plenty()) as fields:
        assert fields.text("prompt") == "Ein Kätzchen"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("length", [str(JSON_LIMIT + 1), "9" * 5_000])
async def test_text_that_says_how_long_it_is_may_be_refused_unread(
    scratch: Path, kind: str, length: str
) -> None:
    taken: list[int] = []
    request = arriving([b"{}"], {"content-type": kind, "content-length": length}, taken=taken)
    with pytest.raises(RequestTooLarge):
        async with open_fields(request, scratch=scratch, memory=plenty(), disk=plenty()):
            pass
    assert taken == []


async def test_text_that_does_not_say_it_is_read_no_further_than_its_limit(scratch: Path) -> None:
    taken: list[int] = []
    request = arriving([b" " * (JSON_LIMIT // 2)] * 9, {}, taken=taken)
    with pytest.raises(RequestTooLarge):
        async with open_fields(request, scratch=scratch, memory=plenty(), disk=plenty()):
            pass
    assert len(taken) == 3


@pytest.mark.parametrize("piece", [b"[],", b"{},", b'"",', b"1,"])
async def test_json_of_more_values_than_anyone_needs_is_refused_before_it_is_parsed(
    scratch: Path, piece: bytes
) -> None:
    request = arriving([b'{"a":[' + piece * VALUE_LIMIT + b"1]}"], {})
    with pytest.raises(RequestTooLarge, match="values"):
        async with open_fields(request, scratch=scratch, memory=plenty(), disk=plenty()):
            pass


async def test_the_longest_prompt_may_be_nothing_but_commas(scratch: Path) -> None:
    prompt = "," * PROMPT_LIMIT
    request = arriving([json.dumps({"prompt": prompt}).encode()], {})
    async with open_fields(request, scratch=scratch, memory=plenty(), disk=plenty()) as fields:
        assert fields.text("prompt") == prompt


async def test_an_urlencoded_form_may_hold_the_longest_prompt_and_not_much_more(
    scratch: Path,
) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    prompt = "prompt=" + "%F0%9F%90%88" * 32_000
    async with open_fields(
        arriving([prompt.encode()], kind), scratch=scratch, memory=plenty(), disk=plenty()
    ) as fields:
        assert fields.text("prompt") == "🐈" * 32_000
    with pytest.raises(RequestTooLarge):
        async with open_fields(
            arriving([b"a" * (URLENCODED_LIMIT + 1)], kind),
            scratch=scratch,
            memory=plenty(),
            disk=plenty(),
        ):
            pass


async def test_an_upload_is_gone_whatever_ends_its_use(scratch: Path) -> None:
    async def use() -> None:
        request = arriving([UPLOAD + b"x\r\n--b--\r\n"], FORM)
        async with open_fields(request, scratch=scratch, memory=plenty(), disk=plenty()) as fields:
            assert len(_left(scratch)) == 1
            fields.text("input_reference")

    with pytest.raises(InvalidRequest):
        await use()
    assert _left(scratch) == []


async def test_a_client_that_leaves_takes_its_upload_along(
    services: Services, key: str, scratch: Path, traces: Traces
) -> None:
    seen: list[int] = []

    async def messages() -> AsyncGenerator[Message, None]:
        yield {"type": "http.request", "body": UPLOAD + LARGE_PICTURE, "more_body": True}
        seen.append(len(_left(scratch)))
        yield {"type": "http.disconnect"}

    assert await _exchange(services, key, messages()) == b""
    assert seen == [1]
    assert _left(scratch) == []
    assert await traces.left() == (0, 0, [])


async def test_a_large_upload_takes_little_memory(services: Services, key: str) -> None:
    """And is refused here, as a picture of 48 MB, once all of it has come."""

    async def messages() -> AsyncGenerator[Message, None]:
        yield {"type": "http.request", "body": PROMPT + UPLOAD, "more_body": True}
        for number in range(48 * 16):
            piece = bytes([number % 251]) * (MEGABYTE // 16)  # what a server hands on at a time
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"\r\n--b--\r\n"}

    roomy = replace(services, max_body_bytes=64 * MEGABYTE)
    tracemalloc.start()
    try:
        answer = await _exchange(roomy, key, messages())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert b"input_reference is larger than 20 MB." in answer
    assert peak_bytes < 4 * MEGABYTE


async def _exchange(services: Services, key: str, body: AsyncGenerator[Message, None]) -> bytes:
    """The body of the application's answer."""
    answer = bytearray()

    async def send(message: Message) -> None:
        answer.extend(message.get("body", b""))

    headers = {**FORM, "authorization": f"Bearer {key}"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/videos",
        "raw_path": b"/v1/videos",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    async with aclosing(body):
        await build_app(services)(scope, body.__anext__, send)
    return bytes(answer)


def _left(scratch: Path) -> list[Path]:
    return list(scratch.iterdir())
