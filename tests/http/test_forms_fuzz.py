"""Bodies that no client would send: whatever comes, it is taken or refused in the dialect's own words.

Of a refused one nothing is left: no row, no job, no object and no file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http.stage import Traces, picture

FORM = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
BOUNDARY = "b0undary"

PATHS = (
    "/v1/videos",
    "/v1/sora/videos",
    "/v1/video/generations",
    "/v1/videos/edits",
    "/v1/videos/extensions",
    "/v1/videos/characters",
    f"/v1/videos/video_{'0' * 26}/remix",
)
FIELDS = (
    *("prompt", "model", "size", "aspect_ratio", "seconds", "duration", "seed", "name", "video"),
    *("input_reference", "image_urls", "image", "width", "height", "fps", "n", "characters"),
)
REQUIRED = {"prompt": "A cat", "model": "sora-2", "name": "Mimi"}
"""What keeps most bodies from being refused at the first glance."""

BRACKETS = (
    "[]",
    "[0]",
    "[1]",
    "[id]",
    "[image_url]",
    "[file_id]",
    "[",
    "]",
    "[[",
    "[" * 9,
    "[]" * 9,
)
WORDS = (
    *("", "A cat", "sora-2", "720x1280", "9:16", "8", "8.0", "-1", "1e400", "NaN", "9" * 400, "\0"),
    *("true", "null", "{}", "https://nowhere.example/a.png", "data:image/png;base64,AAAA", "é🐈"),
    *(f"video_{'0' * 26}", f"char_{'0' * 26}", "\u202e", "\u2028", "x" * 5_000),
)
FILES = (b"", b"\xff", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypmp42", b"--b0undary", picture(72, 128))
FILE_NAMES = (
    *("", '; filename=""', '; filename="a.png"', "; filename=a b", '; filename="a\\"b;c"'),
    *("; filename*=UTF-8''%e2%82%ac", '; filename*0="a"; filename*1="b"', '; filename="\xe9"'),
    *('; filename="C:\\a.png"', '; filename="', "; filename", '; name="prompt"', ";;;=;"),
)
HEADERS = (
    *(
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: image/png\r\n",
        "content-TYPE:\r\n",
        "X\r\n",
    ),
    *(
        "Content-Transfer-Encoding: base64\r\n",
        " folded\r\n",
        "X: y\r\n z\r\n",
        "X: y\n",
        ": y\r\n",
    ),
    *(
        'Content-Disposition: form-data; name="seed"\r\n',
        "X: " + "y" * 5_000 + "\r\n",
        "X: y\r\n" * 9,
    ),
    *("\r\n", "X: \0\r\n", "Content-Length: 1\r\n"),
)
TYPES = (
    *(
        f"{FORM}; boundary={BOUNDARY}",
        f'{FORM}; boundary="{BOUNDARY}"',
        f"{FORM};BOUNDARY={BOUNDARY}",
    ),
    *(
        f"{FORM}; charset=utf-16; boundary={BOUNDARY}",
        f"{FORM}; boundary=other",
        FORM,
        f"{FORM};;;",
    ),
    *(
        f"{FORM}; boundary=",
        f"{FORM}; boundary={'b' * 300}",
        f'{FORM}; boundary="',
        "multipart/mixed",
    ),
    *(f"{FORM}; boundary*=UTF-8''b", URLENCODED, "application/json", "\xff", ""),
)
AROUND = (b"", b"\r\n", b"preamble\r\n", b"\0", b"--", b"\n", b"--b0undary")

texts = st.sampled_from(WORDS) | st.text(max_size=20)
names = st.builds(
    lambda field, brackets: field + "".join(brackets),
    st.sampled_from(FIELDS) | st.text(max_size=8),
    st.lists(st.sampled_from(BRACKETS), max_size=2),
)
mostly = st.sampled_from([True] * 5 + [False])
starts = st.sampled_from([REQUIRED] * 5 + [{}])


@dataclass
class Known:
    """What was there before the body came."""

    left: tuple[int, int, list[str]] = (0, 0, [])


@pytest.fixture
def known() -> Known:
    return Known()


@dataclass(frozen=True)
class Body:
    """With the type that it claims to be."""

    content: bytes
    content_type: str


@st.composite
def parts(draw: st.DrawFn) -> bytes:
    name = draw(names).encode(errors="surrogatepass")
    value = draw(
        texts.map(lambda text: text.encode(errors="surrogatepass")) | st.sampled_from(FILES)
    )
    file_name = draw(st.sampled_from(FILE_NAMES)).encode("latin-1")
    header = draw(st.sampled_from(HEADERS)).encode()
    head = b'Content-Disposition: form-data; name="' + name + b'"' + file_name + b"\r\n"
    lines = [head, header if draw(mostly) else b""]
    lines = lines if draw(mostly) else lines[::-1]
    return b"--b0undary\r\n" + b"".join(lines) + b"\r\n" + value + b"\r\n"


@st.composite
def multipart_bodies(draw: st.DrawFn) -> Body:
    start = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in draw(starts).items()
    )
    whole = start.encode() + b"".join(draw(st.lists(parts(), max_size=3))) + b"--b0undary--\r\n"
    around = (b"", b"") if draw(mostly) else draw(st.tuples(*[st.sampled_from(AROUND)] * 2))
    content_type = TYPES[0] if draw(mostly) else draw(st.sampled_from(TYPES))
    return Body(draw(damaged(around[0] + whole + around[1])), content_type)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Mostly not; else cut short, with other line ends, or with a piece replaced."""
    if draw(mostly):
        return whole
    at = draw(st.integers(0, len(whole)))
    return draw(
        st.sampled_from([whole[:at], whole[at:], whole.replace(b"\r\n", b"\n")])
        | st.binary(max_size=4).map(lambda other: whole[:at] + other + whole[at + len(other) :])
    )


@st.composite
def urlencoded_bodies(draw: st.DrawFn) -> Body:
    pairs = draw(st.lists(st.tuples(names, texts), max_size=5))
    line = "&".join(f"{name}={text}" for name, text in [*draw(starts).items(), *pairs])
    return Body(draw(damaged(line.encode(errors="surrogatepass"))), URLENCODED)


numbers = st.sampled_from([0, 8, -1, 8.0, 4.5, 1e300, 10**30, 2**63, True])
values = st.recursive(
    st.none() | numbers | texts | st.sampled_from(["\ud83d", "\udc00x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "image_url", "file_id", "url", ""]), inner, max_size=3
        )
    ),
    max_leaves=4,
)


@st.composite
def json_bodies(draw: st.DrawFn) -> Body:
    fields = draw(st.dictionaries(st.sampled_from(FIELDS), values, max_size=5))
    text = json.dumps({**draw(starts), **fields}, ensure_ascii=True)
    return Body(draw(damaged(text.encode())), draw(st.sampled_from(["application/json", *TYPES])))


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=multipart_bodies() | multipart_bodies() | urlencoded_bodies() | json_bodies())
async def test_any_body_is_taken_or_refused_without_a_trace(
    client: httpx2.AsyncClient, traces: Traces, scratch: Path, known: Known, path: str, body: Body
) -> None:
    headers = [(b"content-type", body.content_type.encode("latin-1"))]
    answer = await client.post(path, content=body.content, headers=headers)
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    assert list_of(scratch) == []
    left = await traces.left()
    if answer.status_code >= 400:
        check_envelope(answer.json(), path)
        assert left == known.left
    known.left = left


def check_envelope(refusal: Mapping[str, Any], path: str) -> None:
    error = refusal["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["message"]
    assert len(error["message"]) < 1_000
    is_relay = "/sora/" in path
    assert dict(refusal) == {"error": error} | ({"message": error["message"]} if is_relay else {})


def list_of(folder: Path) -> Sequence[Path]:
    return list(folder.iterdir())
