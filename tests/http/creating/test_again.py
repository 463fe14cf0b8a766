"""The short cut for creates and Idempotency-Key: sent again by whichever way, one video is made."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from filmgate.core.account import Caller
from filmgate.core.idempotency import Claim
from filmgate.database import idempotency
from filmgate.database.connection import Database
from filmgate.http.app import build_application
from filmgate.http.services import Services
from tests.http.creating.creates import (
    KEY,
    PATHS,
    Create,
    Doors,
    Twice,
    create_of,
    rows,
    send,
    with_account,
)
from tests.http.polls import PREFIXES, Answer

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Ways:
    """The short way and the long one, of the same server."""

    short: Doors
    long: Any

    async def send(self, create: Create, *, is_short: bool) -> Answer:
        return await (self.short.send(create) if is_short else send(self.long, create))


@pytest.fixture
def ways(services: Services, up: None) -> Ways:
    return Ways(Doors(services), build_application(services))


def told(answer: Answer) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(answer.body)
    return body


async def video_count(database: Database) -> int:
    return sum(table == "video" for table, _ in await rows(database))


@pytest.mark.parametrize("path", PATHS)
async def test_sent_again_it_is_answered_as_before(twice: Twice, plain: Create, path: str) -> None:
    create = replace(plain.with_header(KEY), path=path)
    outcome = await twice.send(create, create, create.with_fields(seconds=None))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (2, [200] * 3, 1)


@pytest.mark.parametrize("path", PATHS)
async def test_another_body_under_the_same_key_is_refused(
    twice: Twice, plain: Create, path: str
) -> None:
    create = replace(plain.with_header(KEY), path=path)
    outcome = await twice.send(create, create.with_fields(prompt="A dog"))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (1, [200, 422], 1)


async def test_another_address_under_the_same_key_is_refused(twice: Twice, plain: Create) -> None:
    creates = [replace(plain.with_header(KEY), path=path) for path in PATHS]
    outcome = await twice.send(*creates)
    assert (outcome.handed_on, outcome.statuses) == (3, [200, 422, 422, 422])
    assert outcome.videos == 1


@pytest.mark.parametrize("first_way", ["short", "long"])
async def test_both_ways_know_a_key_by_the_same_print(
    ways: Ways, database: Database, key: str, first_way: str
) -> None:
    """Whatever the prefix: they are the same address."""
    for number, (path, prefix) in enumerate(product(PATHS, PREFIXES)):
        name = KEY[0], b"%d" % number
        other = PREFIXES[PREFIXES.index(prefix) - 1]
        create, same = (create_of(key, name, path=each + path) for each in (prefix, other))
        first = await ways.send(create, is_short=first_way == "short")
        again = await ways.send(same, is_short=first_way == "long")
        assert (first.status, again.status) == (200, 200)
        assert told(again)["id"] == told(first)["id"]
        assert b"idempotent-replayed" not in first.headers
        assert again.headers[b"idempotent-replayed"] == b"true"
    assert await video_count(database) == len(PATHS) * len(PREFIXES)


async def test_a_form_is_known_again_as_json(ways: Ways, database: Database, key: str) -> None:
    create = create_of(key, KEY).with_fields(seconds=8)
    form = (b"content-type", b"application/x-www-form-urlencoded")
    headers = [form if name == b"content-type" else (name, value) for name, value in create.headers]
    posted = replace(create, headers=headers, body=b"prompt=A+cat&seconds=8&model=sora-2")
    answers = [await ways.short.send(posted), await ways.short.send(create)]
    assert [answer.status for answer in answers] == [200, 200]
    assert told(answers[0])["id"] == told(answers[1])["id"]
    assert (ways.short.handed_on, await video_count(database)) == (1, 1)


async def test_twenty_at_once_make_one_video(ways: Ways, database: Database, key: str) -> None:
    answers = await asyncio.gather(*(ways.short.send(create_of(key, KEY)) for _ in range(20)))
    await one_was_made(answers, database)


async def test_twenty_at_once_by_both_ways_make_one_video(
    ways: Ways, database: Database, key: str
) -> None:
    asked = (ways.send(create_of(key, KEY), is_short=number % 2 == 0) for number in range(20))
    await one_was_made(await asyncio.gather(*asked), database)


async def one_was_made(answers: list[Answer], database: Database) -> None:
    good = [answer for answer in answers if answer.status == 200]
    assert len({told(answer)["id"] for answer in good}) == 1
    assert sum(b"idempotent-replayed" not in answer.headers for answer in good) == 1
    for answer in answers:
        if answer.status != 200:
            assert answer.status == 409
            assert told(answer)["error"]["code"] == "idempotency_in_progress"
            assert int(answer.headers[b"retry-after-ms"]) > 0
    assert await video_count(database) == 1


async def test_many_keys_at_once_make_a_video_each(
    ways: Ways, database: Database, key: str
) -> None:
    creates = [create_of(key, (KEY[0], b"%d" % number)) for number in range(50)]
    answers = await asyncio.gather(*map(ways.short.send, creates))
    assert [answer.status for answer in answers] == [200] * 50
    assert len({told(answer)["id"] for answer in answers}) == await video_count(database) == 50
    assert ways.short.handed_on == 0


async def test_a_key_that_another_request_holds_is_in_progress(
    ways: Ways, database: Database, caller: Caller, key: str
) -> None:
    claim = Claim(
        account_id=caller.account_id, key=KEY[1].decode(), fingerprint=b"", holder=uuid4()
    )
    async with database.connection() as connection:
        assert await idempotency.take(connection, claim, lease=MINUTE, keep_for=MINUTE)
    answer = await ways.short.send(create_of(key, KEY))
    assert (answer.status, told(answer)["error"]["code"]) == (409, "idempotency_in_progress")
    assert (ways.short.handed_on, await video_count(database)) == (1, 0)
    assert answer.headers[b"retry-after"] == b"1"


async def test_a_refused_create_leaves_its_key_free(
    ways: Ways, database: Database, key: str
) -> None:
    await with_account(queued_limit=0)(database)
    assert (await ways.short.send(create_of(key, KEY))).status == 429
    await with_account(queued_limit=1)(database)
    answer = await ways.short.send(create_of(key, KEY))
    assert (answer.status, ways.short.handed_on) == (200, 1)
    assert b"idempotent-replayed" not in answer.headers
