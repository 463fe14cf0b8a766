"""Multipart bodies in any pieces: what they hold, what they may not hold, and what is left of them."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filmgate.core.errors import MalformedRequest, RequestTooLarge, StorageUnavailable
from filmgate.http.bodies.forms import KEY_LIMIT, PART_LIMIT, Node
from filmgate.http.bodies.multipart import HEADER_LIMIT, TEXT_LIMIT, UPLOAD_LIMIT, read_multipart
from filmgate.http.bodies.uploads import Upload, Uploads
from tests.eventually import eventually
from tests.http.stage import plenty

TYPE = "multipart/form-data; boundary=b"
FILM = bytes(range(256)) * 4_000
"""A megabyte, so that it goes to disk in several pieces."""

Content = str | bytes | list["Content"] | dict[str, "Content"]


def part(name: str, value: str | bytes, extra: str = "") -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def file(name: str, data: bytes) -> bytes:
    return part(name, data, '; filename="f"')


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


async def cut(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(
    body: bytes, scratch: Path, *, size: int = 65_536, content_type: str = TYPE
) -> dict[str, Content]:
    """The form, with the bytes of the uploads in their places."""
    async with Uploads(scratch, plenty()) as uploads:
        tree = await read_multipart(cut(body, size), content_type, uploads=uploads, memory=plenty())
        return {name: _opened(node) for name, node in tree.items()}


def left(scratch: Path) -> list[Path]:
    return list(scratch.iterdir())


def _opened(node: Node) -> Content:
    match node:
        case Upload(path, size):
            data = path.read_bytes()
            assert len(data) == size
            return data
        case list():
            return [_opened(child) for child in node]
        case dict():
            return {name: _opened(child) for name, child in node.items()}
        case _:
            return node


@pytest.mark.parametrize("size", [1, 2, 7, 1_000, 65_536, 10**9])
async def test_where_a_body_is_cut_changes_nothing(scratch: Path, size: int) -> None:
    film = FILM if size > 100 else FILM[:5_000]
    body = form(
        part("prompt", "Ein Kätzchen 🐈"),
        file("input_reference[]", b"\r\n--bee\r\n-"),
        part("characters[][id]", "char_1"),
        part("video", film),
        file("empty", b""),
    )
    assert await read(body, scratch, size=size) == {
        "prompt": "Ein Kätzchen 🐈",
        "input_reference": [b"\r\n--bee\r\n-"],
        "characters": [{"id": "char_1"}],
        "video": film,
        "empty": b"",
    }
    assert left(scratch) == []


async def test_a_character_cut_in_two_is_text_and_half_of_one_a_file(scratch: Path) -> None:
    body = form(part("whole", "né"), part("half", "né".encode()[:-1]))
    for size in (1, 65_536):
        assert await read(body, scratch, size=size) == {"whole": "né", "half": b"n\xc3"}


async def test_preamble_and_epilogue_count_for_nothing(scratch: Path) -> None:
    body = b"\r\n" + form(part("a", "1")) + b"--b\r\nthe end" * 9
    assert await read(body, scratch) == {"a": "1"}


async def test_uploads_are_private_files_until_the_block_ends(scratch: Path) -> None:
    async with Uploads(scratch, plenty()) as uploads:
        tree = await read_multipart(
            cut(form(file("a", b"x")), 9), TYPE, uploads=uploads, memory=plenty()
        )
        assert isinstance(tree["a"], Upload)
        assert left(scratch) == [tree["a"].path]
    assert left(scratch) == []


TOO_MUCH: list[tuple[str, bytes, str]] = [
    ("parts", form(*[part("a", "1")] * (PART_LIMIT + 1)), TYPE),
    ("parts that hold nothing", form(*[part("a", "", '; filename=""')] * (PART_LIMIT + 1)), TYPE),
    ("files", form(*[file("a", b"1")] * (UPLOAD_LIMIT + 1)), TYPE),
    ("nameless files", form(*[part("a", b"\xff")] * (UPLOAD_LIMIT + 1)), TYPE),
    ("header", form(file("a", b"1").replace(b'"f"', b'"' + b"f" * HEADER_LIMIT + b'"')), TYPE),
    ("headers", form(part("a", "1").replace(b"\r\n\r\n", b"\r\nX: y" * 9 + b"\r\n\r\n")), TYPE),
    ("key", form(part("k" * (KEY_LIMIT + 1), "1")), TYPE),
    ("boundary", form(part("a", "1")), TYPE + "b" * 300),
]


@pytest.mark.parametrize(
    ("body", "content_type"), [row[1:] for row in TOO_MUCH], ids=[row[0] for row in TOO_MUCH]
)
async def test_too_much_of_anything_is_refused(
    scratch: Path, body: bytes, content_type: str
) -> None:
    with pytest.raises(MalformedRequest):
        await read(body, scratch, content_type=content_type)
    assert left(scratch) == []


async def test_too_many_parts_are_refused_before_they_have_all_come(scratch: Path) -> None:
    body = part("a", "1") * (PART_LIMIT + 2)  # and no end
    with pytest.raises(MalformedRequest, match=str(PART_LIMIT)):
        await read(body, scratch)


async def test_text_without_end_is_refused(scratch: Path) -> None:
    half = "x" * (TEXT_LIMIT // 2)
    with pytest.raises(RequestTooLarge, match="send pictures and videos as files"):
        await read(form(part("a", half), part("b", half), part("c", "x")), scratch)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tail=st.binary(),
    head=st.sampled_from(
        [b"", b"--b\r\n", b'--b\r\nContent-Disposition: x; name="a"', part("a", b"\xff")]
    ),
    size=st.sampled_from([1, 3, 65_536]),
)
async def test_any_bytes_are_a_form_or_refused(
    scratch: Path, tail: bytes, head: bytes, size: int
) -> None:
    for body in (head + tail, head + tail + b"\r\n--b--\r\n"):
        with suppress(MalformedRequest):
            assert isinstance(await read(body, scratch, size=size), dict)
        assert left(scratch) == []


def _look_alikes(count: int) -> bytes:
    return form(file("a", b"\r\n--b-" * count))


def _long_text(count: int) -> bytes:
    return form(part("a", "x" * count))


def _long_upload(count: int) -> bytes:
    return form(file("a", b"\0" * count))


@pytest.mark.parametrize(
    ("build", "count", "size"),
    [
        (_look_alikes, 20_000, 65_536),
        (_look_alikes, 1_000, 1),
        (_look_alikes, 5_000, 7),
        (_long_text, 6_000, 1),
        (_long_upload, 6_000, 1),
        (_long_text, 100_000, 100),
        (_long_upload, 100_000, 100),
        (_long_upload, 4_000_000, 65_536),
    ],
)
async def test_twice_the_body_takes_twice_the_time(
    scratch: Path, build: Callable[[int], bytes], count: int, size: int
) -> None:
    small, large = build(count), build(4 * count)
    ratio = min(
        [await _seconds(large, scratch, size) / await _seconds(small, scratch, size) for _ in "123"]
    )
    assert ratio < 9  # 4 if it is linear, 16 if it is quadratic


async def _seconds(body: bytes, scratch: Path, size: int) -> float:
    began = time.process_time()
    await read(body, scratch, size=size)
    return time.process_time() - began


class Lost(Exception):
    """What a body may end in."""


@pytest.mark.parametrize("head", [file("a", FILM)[:-2], file("a", b"whole"), part("a", FILM)])
async def test_nothing_is_left_when_the_body_breaks_off(scratch: Path, head: bytes) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield head
        raise Lost

    with pytest.raises(Lost):
        async with Uploads(scratch, plenty()) as uploads:
            await read_multipart(body(), TYPE, uploads=uploads, memory=plenty())
    assert left(scratch) == []


@pytest.mark.parametrize("times", [1, 3])
async def test_nothing_is_left_when_the_reading_is_cancelled(scratch: Path, times: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield file("a", FILM)[:-2]

    async def receive() -> None:
        async with Uploads(scratch, plenty()) as uploads:
            await read_multipart(body(), TYPE, uploads=uploads, memory=plenty())

    async def has_file() -> bool:
        return bool(left(scratch))

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(receive())
        await eventually(has_file)
        for _ in range(times):
            reading.cancel()
            await asyncio.sleep(0)
    assert reading.cancelled()
    assert left(scratch) == []


async def test_a_folder_that_takes_no_files_is_storage_unavailable(scratch: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await read(form(file("a", b"x")), scratch / "nowhere")


async def test_a_form_without_files_needs_no_folder(scratch: Path) -> None:
    assert await read(form(part("a", "x")), scratch / "nowhere") == {"a": "x"}


def test_a_full_disk_is_storage_unavailable_and_leaves_nothing(scratch: Path) -> None:
    """The same disk, seen by a process that may write no more than a megabyte to a file."""
    script = Path(__file__).with_name("full_scratch.py")
    command = [sys.executable, str(script), str(scratch)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == {"small": "kept", "large": "StorageUnavailable", "left": []}
