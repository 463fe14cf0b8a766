"""So much and no more: requests a minute, room for bodies, waits, characters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from filmgate.core.account import AccountId, ApiKeyId, Caller
from filmgate.core.catalogue import PORTRAIT
from filmgate.core.errors import RateLimited, ServiceUnavailable
from filmgate.database.connection import Database
from filmgate.http.bodies.room import FREE_BYTES, Room
from filmgate.http.limits import RequestRate
from filmgate.http.places import Places
from filmgate.http.services import Services
from filmgate.usecases import characters
from tests.eventually import eventually
from tests.http.caller import opened
from tests.http.stage import UNKNOWN as NO_VIDEO
from tests.http.stage import Stage
from tests.scripted_engine import write_sample

LIMIT_HEADERS = {
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
}


def caller(number: int, *, limit: int | None = None) -> Caller:
    return Caller(AccountId(number), ApiKeyId(number), requests_per_minute=limit)


# Requests a minute


async def test_of_many_requests_at_once_just_the_limit_is_answered(
    services: Services, key: str
) -> None:
    # One comes back every twenty seconds: none while these run.
    async with opened(replace(services, request_rate=RequestRate(3)), key) as client:
        answers = await asyncio.gather(*(client.get("/v1/models") for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (3, 47)


async def test_the_refusal_says_when_and_how_much(services: Services, key: str) -> None:
    async with opened(replace(services, request_rate=RequestRate(1)), key) as client:
        good, refused = [await client.get("/v1/models") for _ in range(2)]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert good.headers["x-ratelimit-remaining-requests"] == "0"
    assert good.headers["x-ratelimit-reset-requests"] == "1m0s"
    assert refused.headers["x-ratelimit-limit-requests"] == "1"
    assert 50 < int(refused.headers["retry-after"]) <= 60
    assert 50_000 < int(refused.headers["retry-after-ms"]) <= 60_000


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/videos"),
        ("GET", f"/v1/videos/video_{NO_VIDEO}/content"),
        ("GET", "/v1/events"),
        ("POST", "/v1/sora/videos"),
        ("POST", "/v1/video/generations"),
        ("POST", "/v1/webhooks"),
        ("DELETE", f"/v1/videos/characters/char_{NO_VIDEO}"),
    ],
)
async def test_the_limit_holds_wherever_a_key_is_wanted(
    services: Services, key: str, method: str, path: str
) -> None:
    async with opened(replace(services, request_rate=RequestRate(1)), key) as client:
        first = await client.get("/v1/models")
        answer = await client.request(method, path)
    assert (first.status_code, answer.status_code) == (200, 429)
    assert set(answer.headers) >= LIMIT_HEADERS


async def test_an_answer_that_is_no_good_news_says_where_the_account_stands_too(
    services: Services, key: str
) -> None:
    async with opened(replace(services, request_rate=RequestRate(5)), key) as client:
        answer = await client.get(f"/v1/videos/video_{NO_VIDEO}")
    assert answer.status_code == 404
    assert answer.headers["x-ratelimit-remaining-requests"] == "4"


async def test_without_a_limit_nothing_is_said_of_one(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/models")
    assert LIMIT_HEADERS.isdisjoint(answer.headers)


async def test_an_account_s_own_limit_counts_before_the_server_s(
    services: Services, database: Database, key: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("update account set requests_per_minute = 2")
    async with opened(replace(services, request_rate=RequestRate(100)), key) as client:
        answers = [await client.get("/v1/models") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_limit_that_is_changed_counts_from_the_next_request_but_one(
    client: httpx2.AsyncClient, services: Services
) -> None:
    assert "x-ratelimit-limit-requests" not in (await client.get("/v1/videos")).headers
    async with services.database.connection() as connection:
        await connection.execute("update account set requests_per_minute = 7")
    await client.get("/v1/videos")
    answer = await client.get("/v1/videos")
    assert answer.headers["x-ratelimit-limit-requests"] == "7"


async def test_a_flood_is_refused_without_a_look_at_the_database(
    services: Services, key: str, dsn: str
) -> None:
    limited = replace(services, request_rate=RequestRate(1))
    async with opened(limited, key) as client:
        await client.get("/v1/models")
    away = await Database.open(dsn)
    await away.aclose()
    async with opened(replace(limited, database=away), key) as client:
        assert (await client.get("/v1/models")).status_code == 429


def test_accounts_do_not_use_up_each_other_s_requests() -> None:
    rate = RequestRate(1)
    first, again, other = (rate.count(caller(number)) for number in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert other is not None
    assert (bool(first.retry_after), bool(again.retry_after), bool(other.retry_after)) == (
        False,
        True,
        False,
    )


# Room for bodies


def test_a_small_body_takes_no_room() -> None:
    room = Room(of_account=1, in_all=1)
    with room.share(AccountId(1)) as share:
        share.add(FREE_BYTES)
        assert room.taken_bytes == 0


def test_room_is_the_account_s_own_and_everybody_s() -> None:
    room = Room(of_account=100, in_all=150)
    with ExitStack() as open_bodies:
        ours, again, theirs = (
            open_bodies.enter_context(room.share(AccountId(number))) for number in (1, 1, 2)
        )
        ours.add(FREE_BYTES + 80)
        with pytest.raises(RateLimited):
            again.add(FREE_BYTES + 21)
        with pytest.raises(ServiceUnavailable):
            theirs.add(FREE_BYTES + 71)
    assert room.taken_bytes == 0


async def test_large_bodies_beyond_an_account_s_room_wait(services: Services, key: str) -> None:
    """One that has sent 200 KB and is not done yet; the same again is refused, a small one is not."""
    crowded = replace(services, memory=Room(of_account=200_000, in_all=10**9))
    more, arrived = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"prompt": "A cat"' + b" " * 200_000
        arrived.set()
        await more.wait()
        yield b"}"

    async with opened(crowded, key) as client, asyncio.TaskGroup() as life:
        first = life.create_task(client.post("/v1/videos", content=slowly()))
        await eventually(lambda: is_set(arrived))
        large = await client.post("/v1/videos", content=b'{"prompt": "A cat"}' + b" " * 200_000)
        small = await client.post("/v1/videos", json={"prompt": "A cat"})
        more.set()
        assert (await first).status_code == 200
        after = await client.post("/v1/videos", content=b'{"prompt": "A cat"}' + b" " * 200_000)
    assert (large.status_code, large.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert (small.status_code, after.status_code) == (200, 200)


async def test_uploads_beyond_an_account_s_room_are_refused_and_leave_nothing(
    services: Services, key: str
) -> None:
    crowded = replace(services, disk=Room(of_account=100_000, in_all=10**9))
    files = {"input_reference": bytes(500_000)}
    async with opened(crowded, key) as client:
        answer = await client.post("/v1/videos", data={"prompt": "A cat"}, files=files)
    assert answer.status_code == 429
    assert list(services.scratch.iterdir()) == []
    assert crowded.disk.taken_bytes == 0


# Waits


async def test_where_too_many_wait_the_next_is_answered_at_once(
    services: Services, key: str
) -> None:
    none_left = replace(services, waits=Places(0, what="waiting requests"))
    async with opened(none_left, key) as client:
        answer = await client.post(
            "/v1/videos", json={"prompt": "A cat"}, headers={"prefer": "wait=60"}
        )
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert "preference-applied" not in answer.headers


# Characters


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    path = tmp_path / "rex.mp4"
    write_sample(path, seconds=2, size=PORTRAIT)
    return path.read_bytes()


def objects(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def show(client: httpx2.AsyncClient, film: bytes) -> httpx2.Response:
    return await client.post(
        "/v1/videos/characters", data={"name": "Rex"}, files={"video": ("rex.mp4", film)}
    )


async def fill(database: Database, account_id: AccountId) -> None:
    """All characters but one that the account may have."""
    async with database.connection() as connection:
        await connection.execute(
            """
            insert into character (id, account_id, name, created_at)
            select lpad(number::text, 26, '0'), $1, 'x', now() from generate_series(1, $2) as number
            """,
            account_id,
            characters.CHARACTER_LIMIT - 1,
        )


async def test_an_account_has_so_many_characters_and_no_more(
    client: httpx2.AsyncClient,
    account_id: AccountId,
    database: Database,
    film: bytes,
    store_folder: Path,
) -> None:
    await fill(database, account_id)
    last, beyond = await show(client, film), await show(client, film)
    assert (last.status_code, beyond.status_code) == (200, 409)
    assert beyond.json()["error"]["code"] == "conflict"
    assert beyond.headers["x-should-retry"] == "false"
    assert len(objects(store_folder)) == 1


async def test_two_at_once_cannot_both_be_the_last_character(
    client: httpx2.AsyncClient, account_id: AccountId, database: Database, film: bytes
) -> None:
    await fill(database, account_id)
    answers = await asyncio.gather(*(show(client, film) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_a_deleted_character_is_gone_with_its_picture(
    client: httpx2.AsyncClient, film: bytes, store_folder: Path
) -> None:
    wire_id = (await show(client, film)).json()["id"]
    answer = await client.delete(f"/v1/videos/characters/{wire_id}")
    again = await client.delete(f"/v1/videos/characters/{wire_id}")
    assert answer.json() == {"id": wire_id, "object": "character.deleted", "deleted": True}
    assert (await client.get(f"/v1/videos/characters/{wire_id}")).status_code == 404
    assert (again.status_code, again.json()["error"]["code"]) == (404, "character_not_found")
    assert objects(store_folder) == []


async def test_a_character_stays_as_long_as_a_video_waits_for_it(
    client: httpx2.AsyncClient, film: bytes, stage: Stage
) -> None:
    wire_id = (await show(client, film)).json()["id"]
    wish = {"prompt": "Rex runs", "characters": [{"id": wire_id}]}
    video_id = (await client.post("/v1/videos", json=wish)).json()["id"]
    refused = await client.delete(f"/v1/videos/characters/{wire_id}")
    await stage.complete(video_id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert (await client.delete(f"/v1/videos/characters/{wire_id}")).status_code == 200
    remix = await client.post(f"/v1/videos/{video_id}/remix", json={"prompt": "Rex sleeps"})
    assert (remix.status_code, remix.json()["error"]["param"]) == (400, "characters")


async def is_set(event: asyncio.Event) -> bool:
    return event.is_set()
