"""The short cut for creates: the same bytes, rows, counts and log lines as by the routes."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgate.core.account import Caller
from filmgate.core.catalogue import Catalogue, Model
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.usecases import accounts
from tests.http.creating.creates import (
    JSON,
    KEY,
    PATHS,
    WORDS,
    Create,
    Doors,
    Twice,
    create_of,
    empty,
    with_account,
)
from tests.http.polls import OUR_ID, PREFIXES, headers_of

ADDRESSES = [f"{prefix}{path}" for prefix in PREFIXES for path in PATHS]
FORM = (b"content-type", b"application/x-www-form-urlencoded")
CENT = 10_000
"""In micro-units."""

Change = Callable[[Create], Create]


def _typed(content_type: bytes, body: bytes | None = None) -> Change:
    def change(create: Create) -> Create:
        headers = [each for each in create.headers if each[0] != b"content-type"]
        typed = [(b"content-type", content_type)] if content_type else []
        return replace(create, headers=[*headers, *typed], body=body or create.body)

    return change


def _fields(**fields: object) -> Change:
    return lambda create: create.with_fields(**fields)


def _header(name: bytes, value: bytes) -> Change:
    return lambda create: create.with_header((name, value))


PLAIN: dict[str, Change] = {
    "the least": lambda create: create,
    "a size": _fields(size="1280x720"),
    "an aspect ratio": _fields(aspect_ratio="16:9"),
    "seconds": _fields(seconds=8),
    "seconds as text": _fields(seconds="8"),
    "seconds with a fraction": _fields(seconds=8.0),
    "a duration": _fields(duration=12),
    "a duration as text": _fields(duration="12"),
    "a seed": _fields(seed=2**63 - 1),
    "a seed as text": _fields(seed="7"),
    "all of them": _fields(size="1280x720", seconds=8, seed=7, user="somebody", n=None),
    "empty pictures": _fields(image_urls=[], input_reference=None, characters=[]),
    "words of the world": _fields(prompt='Ein Köter 🐕 sagt "\\wau/"\u2028 </script>'),
    "a long prompt": _fields(prompt="ö" * 10_000),
    "a form": _typed(FORM[1], b"model=sora-2&prompt=A+cat%2C+%C3%B6&seconds=8&seed=7"),
    "a form in words": _typed(FORM[1] + b"; charset=utf-8", b"model=sora-2&prompt=A+cat"),
    "JSON that is called a form": _typed(FORM[1]),
    "JSON that is called nothing": _typed(b""),
    "JSON that is called text": _typed(b"Text/Plain ;charset=x"),
    "a byte order mark": lambda create: replace(create, body=b"\xef\xbb\xbf" + create.body),
    "spaces": lambda create: replace(create, body=b"\r\n " + create.body + b"\n\n"),
    "a key": _header(*KEY),
    "the longest key": _header(KEY[0], b"~" * 255),
    "an id": _header(*OUR_ID),
    "an id that is harmful": _header(OUR_ID[0], b"not harmless!"),
    "an id of no letters": _header(OUR_ID[0], b"\xff"),
    "a query": lambda create: replace(create, query=b"a=b"),
    "a proxy's word": _header(b"x-forwarded-proto", b"https"),
    "another proxy's word": _header(b"x-forwarded-for", b"198.51.100.7"),
    "no host": lambda create: replace(create, headers=create.headers[1:]),
}


@pytest.mark.parametrize("change", PLAIN.values(), ids=PLAIN)
async def test_plain_creates_are_answered_by_both_ways_alike(
    twice: Twice, plain: Create, change: Change
) -> None:
    """At each address: what is told, written down, counted, logged, and left of the rate limit."""
    creates = [replace(change(plain), path=address) for address in ADDRESSES]
    if any(name == KEY[0] for name, _ in creates[0].headers):
        creates = [_renamed(create, number) for number, create in enumerate(creates)]
    outcome = await twice.send(*creates)
    assert outcome.handed_on == 0
    assert set(outcome.statuses) == {200}
    assert outcome.videos == len(ADDRESSES)
    assert outcome.counted == {
        ("POST", path, "200"): (len(PREFIXES), len(PREFIXES)) for path in PATHS
    }
    assert outcome.in_progress == 0
    assert [line["path"] for line in outcome.lines if isinstance(line, dict)] == ADDRESSES


def _renamed(create: Create, number: int) -> Create:
    """With another key: each is used once here."""
    own = b"%02d" % number
    headers = [
        (name, own + value[len(own) :] if name == KEY[0] else value)
        for name, value in create.headers
    ]
    return replace(create, headers=headers)


@pytest.mark.parametrize("path", PATHS)
async def test_what_a_video_costs_is_taken_once(
    services: Services, caller: Caller, up: None, plain: Create, path: str
) -> None:
    services = replace(services, catalogue=_paid())
    twice = Twice(services, caller, prepare=with_account(has_credit=True, balance=100 * CENT))
    creates = [replace(plain, path=path), replace(plain.with_header(KEY), path=path)]
    outcome = await twice.send(*creates)
    assert (outcome.handed_on, outcome.statuses) == (0, [200, 200])
    written = [(table, row) for table, row in outcome.rows if table in ("ledger", "account")]
    assert [row["amount"] for table, row in written if table == "ledger"] == [-4 * CENT] * 2
    assert [row["balance"] for table, row in written if table == "account"] == [92 * CENT]


@pytest.mark.parametrize("path", PATHS)
async def test_what_an_account_may_not_have_running_is_kept_out_of_the_line(
    services: Services, caller: Caller, up: None, plain: Create, path: str
) -> None:
    twice = Twice(services, caller, prepare=with_account(running_limit=1, queued_limit=3))
    outcome = await twice.send(*[replace(plain, path=path)] * 3)
    assert (outcome.handed_on, outcome.statuses) == (0, [200] * 3)
    videos = [row for table, row in outcome.rows if table == "video"]
    starts = {row["fair_start"]: row["is_admitted"] for row in videos}
    assert starts == {0: True, 4_000_000: False, 8_000_000: False}


async def test_places_in_the_line_are_told_as_they_are(twice: Twice, plain: Create) -> None:
    outcome = await twice.send(*[plain] * 3)
    told = [json.loads(_body(answer)) for answer in outcome.answers]
    assert [each["queue"]["position"] for each in told] == [1, 2, 3]


def _body(answer: object) -> bytes:
    assert isinstance(answer, list)
    body: bytes = answer[1]["body"]
    return body.replace(b":MOMENT", b":0")


async def test_without_a_rate_limit_none_is_told(
    services: Services, caller: Caller, up: None, plain: Create
) -> None:
    outcome = await Twice(services, caller, requests_a_minute=None).send(plain)
    assert (outcome.handed_on, outcome.standing) == (0, None)
    assert b"x-ratelimit" not in repr(outcome.answers).encode()


async def test_each_create_uses_one_request_of_the_rate(
    services: Services, caller: Caller, up: None, plain: Create
) -> None:
    outcome = await Twice(services, caller, requests_a_minute=7).send(*[plain] * 5)
    assert (outcome.handed_on, outcome.statuses) == (0, [200] * 5)
    assert outcome.standing is not None
    assert outcome.standing.remaining == 1


async def test_each_video_is_of_the_account_whose_key_was_sent(
    services: Services, up: None, database: Database, plain: Create
) -> None:
    stranger, told = await accounts.create_key(database, account="theirs", name="test")
    await services.wrong_keys.recognise(stranger, address="a", database=database)
    doors = Doors(services)
    await doors.send(replace(plain, headers=headers_of(stranger, JSON)))
    await doors.send(plain)
    async with database.connection() as connection:
        owners = await connection.fetch("select account_id from video order by created_at, id")
    assert doors.handed_on == 0
    assert owners[0]["account_id"] == told.account_id
    assert len({each["account_id"] for each in owners}) == 2


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(["A cat", "sora-2", "8", "1280x720", "16:9", 4, 8.0, "\ud83d", "\0", " "]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "prompt",
            "model",
            "size",
            "aspect_ratio",
            "seconds",
            "duration",
            "seed",
            "input_reference",
            "image_urls",
            "image",
            "images",
            "characters",
            "metadata",
            "width",
            "height",
            "n",
            "other",
        ]
    ),
    VALUES,
    max_size=4,
)


async def test_whatever_is_sent_both_ways_agree(
    services: Services, caller: Caller, up: None, key: str
) -> None:
    """The web is not asked: it has no pages."""
    loop = asyncio.get_running_loop()
    twice = Twice(services, caller, requests_a_minute=None)

    @settings(max_examples=60)
    @given(fields=FIELDS, path=st.sampled_from(ADDRESSES), more=st.sampled_from([[], [KEY]]))
    def holds(fields: dict[str, object], path: str, more: list[tuple[bytes, bytes]]) -> None:
        body = json.dumps(dict(WORDS) | fields).encode()
        create = replace(create_of(key, *more, path=path), body=body)
        asyncio.run_coroutine_threadsafe(twice.send(create), loop).result(30)

    await asyncio.to_thread(holds)
    await empty(services.database)


def _paid() -> Catalogue:
    return Catalogue([Model(name="sora-2", price_per_second=CENT)])
