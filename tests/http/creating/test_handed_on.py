"""What the short cut for creates leaves to the application, which answers it as ever: and makes one video or none."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from filmgate.core.account import Caller, digest
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.moderation.prompt_list import PromptList
from filmgate.usecases import accounts
from filmgate.usecases.policies import Policies
from tests.http.creating.creates import (
    JSON,
    KEY,
    PATHS,
    WORDS,
    Create,
    Doors,
    Twice,
    create_of,
    rows,
)
from tests.http.polls import PREFIXES
from tests.http.stage import Web, picture

Change = Callable[[Create], Create]

ADDRESS = "https://pictures.example/first.png"
BOUNDARY = b"limit"


def _header(name: bytes, value: bytes) -> Change:
    return lambda create: create.with_header((name, value))


def _authorized(value: bytes) -> Change:
    """With this in place of the key's scheme."""

    def change(create: Create) -> Create:
        headers = [
            (name, told.replace(b"Bearer ", value)) if name == b"authorization" else (name, told)
            for name, told in create.headers
        ]
        assert headers != create.headers
        return replace(create, headers=headers)

    return change


def _without(unwanted: bytes) -> Change:
    return lambda create: replace(
        create, headers=[each for each in create.headers if each[0] != unwanted]
    )


def _body(body: bytes) -> Change:
    return lambda create: replace(create, body=body)


def _fields(**fields: object) -> Change:
    return lambda create: create.with_fields(**fields)


def _multipart(create: Create) -> Create:
    parts = "".join(
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in WORDS.items()
    )
    headers = [each for each in create.headers if each[0] != b"content-type"]
    kind = b"multipart/form-data; boundary=" + BOUNDARY
    body = parts.encode() + b"--limit--\r\n"
    return replace(create, headers=[*headers, (b"content-type", kind)], body=body)


MADE: dict[str, Change] = {
    "a preference": _header(b"prefer", b"wait=0"),
    "another preference": _header(b"prefer", b"return=minimal"),
    "a picture": _fields(image_urls=[ADDRESS]),
    "one picture": _fields(input_reference=ADDRESS),
    "multipart": _multipart,
    "two hosts": _header(b"host", b"other.example"),
    "two types": _header(*JSON),
    "two ids": lambda create: create.with_header((b"x-request-id", b"a"), (b"x-request-id", b"b")),
    "two keys of ours": _header(b"authorization", b"Bearer other"),
    "a lower-case scheme": _authorized(b"bearer "),
    "two spaces": _authorized(b"Bearer  "),
    "a body in pieces": lambda create: replace(create, is_whole=False),
}
"""Of each, a video is made."""

REFUSED: dict[str, tuple[int, Change]] = {
    "GET": (200, lambda create: replace(create, method="GET")),
    "HEAD": (405, lambda create: replace(create, method="HEAD")),
    "PUT": (405, lambda create: replace(create, method="PUT")),
    "another address": (404, lambda create: replace(create, path="/v1/videos/x/remix")),
    "a slash": (404, lambda create: replace(create, path="/v1/videos/")),
    "two prefixes": (404, lambda create: replace(create, path="/kyyAiPower/kyyAiPower/v1/videos")),
    "no key": (401, _without(b"authorization")),
    "a wrong key": (401, _authorized(b"Bearer sk-fg-0")),
    "a strange key": (401, _authorized(b"Bearer \xff\x00")),
    "another scheme": (401, _authorized(b"Basic ")),
    "no space": (401, _authorized(b"Bearer")),
    "no JSON": (400, _body(b'{"prompt": "A cat"')),
    "no object": (400, _body(b'["A cat"]')),
    "JSON that is called multipart": (
        400,
        lambda create: _without(b"content-type")(create).with_header(
            (b"content-type", b"multipart/form-data; boundary=limit")
        ),
    ),
    "nothing": (400, _body(b"")),
    "spaces": (400, _body(b" \r\n")),
    "no number": (400, _body(b'{"model": "sora-2", "prompt": "A cat", "seed": NaN}')),
    "half a character": (400, _body(b'{"model": "sora-2", "prompt": "A \\ud83d cat"}')),
    "half a character as bytes": (400, _body(b'{"model": "sora-2", "prompt": "A \xf0\x9f cat"}')),
    "a NUL": (400, _fields(prompt="A \0 cat")),
    "a deep body": (400, _body(b'{"prompt":' + b"[" * 9_000 + b"]" * 9_000 + b"}")),
    "a wrong size": (400, _fields(size="1x1")),
    "a size and a ratio": (400, _fields(size="1280x720", aspect_ratio="16:9")),
    "a wrong length": (400, _fields(seconds=5)),
    "an endless length": (400, _body(b'{"model":"sora-2","prompt":"A cat","seconds":1e999}')),
    "a long number": (400, _body(b'{"model":"sora-2","prompt":"A","seed":' + b"9" * 5_000 + b"}")),
    "a large seed": (400, _fields(seed=2**63)),
    "no prompt": (400, _body(b'{"model": "sora-2"}')),
    "an empty prompt": (400, _fields(prompt=" ")),
    "a prompt that is none": (400, _fields(prompt=["A cat"])),
    "a prompt that is too long": (400, _fields(prompt="x" * 40_000)),
    "an unknown model": (400, _fields(model="sora-9")),
    "an unknown character": (400, _fields(characters=["char_" + "0" * 26])),
    "no character": (400, _fields(characters=["nobody"])),
    "a picture that is not there": (400, _fields(image_urls=["https://pictures.example/none"])),
    "a key that is too long": (400, _header(KEY[0], b"x" * 256)),
    "an empty key": (400, _header(KEY[0], b"")),
    "a strange key of the client's": (400, _header(KEY[0], b"order \xfc")),
    "two keys of the client's": (400, lambda create: create.with_header(KEY, KEY)),
}
"""The status, and that of which no video is made."""


@pytest.mark.parametrize("change", MADE.values(), ids=MADE)
async def test_what_is_not_plain_is_made_by_the_application(
    twice: Twice, plain: Create, web: Web, change: Change
) -> None:
    web.pages[ADDRESS] = picture()
    outcome = await twice.send(*[replace(change(plain), path=path) for path in PATHS])
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (4, [200] * 4, 4)


@pytest.mark.parametrize(("status", "change"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused_is_refused_by_the_application(
    twice: Twice, plain: Create, status: int, change: Change
) -> None:
    outcome = await twice.send(change(plain))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (1, [status], 0)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("path", PATHS)
async def test_refusals_are_told_in_the_words_of_each_dialect(
    twice: Twice, plain: Create, prefix: str, path: str
) -> None:
    create = replace(plain.with_fields(seconds=5), path=f"{prefix}{path}")
    outcome = await twice.send(create, create.with_header(KEY))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (2, [400, 400], 0)
    assert outcome.counted == {("POST", path, "400"): (2, 2)}


@pytest.mark.parametrize("path", ["/v1/sora/videos", "/kyyAiPower/sora/videos"])
async def test_the_relay_wants_a_model(twice: Twice, plain: Create, path: str) -> None:
    body = json.dumps({"prompt": "A cat"}).encode()
    outcome = await twice.send(replace(plain, path=path, body=body))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (1, [400], 0)


async def test_beyond_the_rate_it_is_refused_and_counted_once(
    services: Services, caller: Caller, up: None, plain: Create
) -> None:
    twice = Twice(services, caller, requests_a_minute=2)
    outcome = await twice.send(*[plain] * 4)
    assert (outcome.handed_on, outcome.statuses) == (2, [200, 200, 429, 429])
    assert outcome.videos == 2
    assert outcome.counted == {("POST", "/v1/videos", "200"): (2, 4)} | {
        ("POST", "/v1/videos", "429"): (2, 4)
    }


@pytest.mark.parametrize("prompt", ["A gun", "A cat"])
async def test_with_policies_in_force_the_application_is_asked(
    services: Services, caller: Caller, up: None, plain: Create, tmp_path: Path, prompt: str
) -> None:
    path = tmp_path / "refused.txt"
    path.write_text(r"\bgun\b")
    services = replace(services, policies=Policies(prompts=PromptList.read(path)))
    outcome = await Twice(services, caller).send(plain.with_fields(prompt=prompt))
    expected = ([400], 0) if "gun" in prompt else ([200], 1)
    assert (outcome.handed_on, (outcome.statuses, outcome.videos)) == (1, expected)


async def test_a_key_that_is_not_believed_is_looked_at_by_the_application(
    services: Services, database: Database, up: None
) -> None:
    """At first. Then it is believed."""
    fresh, _ = await accounts.create_key(database, account="ours", name="another")
    doors = Doors(services)
    statuses = [(await doors.send(create_of(fresh))).status for _ in range(2)]
    assert (statuses, doors.handed_on) == ([200, 200], 1)


async def test_while_no_keys_are_looked_at_again_everything_is_handed_on(
    services: Services, caller: Caller, plain: Create
) -> None:
    outcome = await Twice(services, caller).send(plain, plain)
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (2, [200, 200], 2)


async def test_a_key_that_was_revoked_makes_nothing_more(
    services: Services, database: Database, up: None, plain: Create, key: str
) -> None:
    doors = Doors(services)
    assert (await doors.send(plain)).status == 200
    async with database.connection() as connection:
        await connection.execute("update api_key set revoked_at = now()")
    services.wrong_keys.known.forget(digest(key))
    assert (await doors.send(plain)).status == 401
    assert doors.handed_on == 1
    assert sum(table == "video" for table, _ in await rows(database)) == 1
