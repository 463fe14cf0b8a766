"""`Prefer: wait=N`: the answer comes with the end of the video, or with the end of the client's patience."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from starlette.datastructures import Headers

from filmgate.core.account import AccountId
from filmgate.database.connection import Database
from filmgate.http.following.preferring import preferred_wait
from filmgate.http.services import Services
from filmgate.usecases import videos
from tests.eventually import eventually
from tests.http.live import Hand, listener, live, lose_listener, until_waiting, watching
from tests.http.stage import Stage

CREATE = {"model": "openAiSora2Plus", "prompt": "A cat", "seconds": 8}
PATIENT = {"prefer": "wait=20"}


@pytest.fixture
def hand(database: Database) -> Hand:
    return Hand(database)


@pytest.fixture
async def waiting_client(
    services: Services, client: httpx2.AsyncClient
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server that is told of changes."""
    async with watching(services.watch):
        yield client


@pytest.fixture
async def remote(services: Services, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on a real connection."""
    headers = {"authorization": f"Bearer {key}"}
    limits = httpx2.Limits(max_connections=300)
    async with (
        live(services) as address,
        httpx2.AsyncClient(base_url=address, headers=headers, timeout=30, limits=limits) as client,
    ):
        yield client


async def create(client: httpx2.AsyncClient) -> str:
    """The id without a prefix."""
    answer = await client.post("/v1/videos", json={"prompt": "A cat"})
    return str(answer.json()["id"]).removeprefix("video_")


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["wait=10"], 10),
        (["WAIT = 10"], 10),
        (['wait="10"'], 10),
        (["wait=0"], 0),
        (["wait=61"], 60),
        (["wait=999999999"], 60),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (['foo="wait=3, x"; bar, wait=10; soft'], 10),
        (["wait=10, wait=20"], 10),
        (["wait=10;wait=20"], 10),
        (["return=minimal"], None),
        (["wait"], None),
        (["wait="], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=ten"], None),
        (["wait=٣"], None),
        (["wait=99999999999999999999"], None),
        (["waiting=10"], None),
        (["wait=soon, wait=10"], None),
        (['"' * 50_000 + ", wait=10"], None),
        ([""], None),
        ([], None),
    ],
)
def test_the_preference_is_read_as_the_standard_says(lines: list[str], seconds: int | None) -> None:
    headers = Headers(raw=[(b"prefer", line.encode()) for line in lines])
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert preferred_wait(headers) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/v1/videos/video_{}",
        "/v1/videos/sora_{}",
        "/v1/result/sora_{}",
        "/v1/video/generations/video_{}",
    ],
)
async def test_a_query_is_answered_when_the_video_is_finished(
    services: Services, waiting_client: httpx2.AsyncClient, hand: Hand, path: str
) -> None:
    video_id = await create(waiting_client)
    async with asyncio.TaskGroup() as asking:
        asked = asking.create_task(waiting_client.get(path.format(video_id), headers=PATIENT))
        await until_waiting(services, 1)
        await hand.complete(f"video_{video_id}")
    answer = asked.result()
    assert answer.json()["status"] == "completed"
    assert answer.headers["preference-applied"] == "wait=20"
    assert not {"openai-poll-after-ms", "retry-after"} & set(answer.headers)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/v1/videos", {"progress", "completed_at"}),
        ("/v1/sora/videos", {"video_url", "actualDuration", "error"}),
        ("/v1/video/generations", {"url", "video_url", "progress"}),
    ],
)
async def test_a_create_that_waits_is_answered_as_a_query(
    services: Services,
    waiting_client: httpx2.AsyncClient,
    hand: Hand,
    path: str,
    keys: set[str],
) -> None:
    async with asyncio.TaskGroup() as asking:
        asked = asking.create_task(waiting_client.post(path, json=CREATE, headers=PATIENT))
        await until_waiting(services, 1)
        [video] = (await waiting_client.get("/v1/videos")).json()["data"]
        await hand.complete(video["id"])
    answer = asked.result()
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert keys <= set(answer.json())


async def test_a_create_that_does_not_wait_keeps_its_own_shape(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/v1/sora/videos", json=CREATE, headers={"prefer": "wait=soon"})
    assert list(answer.json()) == ["id", "object", "created", "model", "status"]
    assert "preference-applied" not in answer.headers


async def test_who_waits_for_nothing_is_answered_at_once(client: httpx2.AsyncClient) -> None:
    answer = await client.get(
        f"/v1/videos/video_{await create(client)}", headers={"prefer": "wait=0"}
    )
    assert answer.json()["status"] == "queued"
    assert answer.headers["preference-applied"] == "wait=0"


async def test_a_finished_video_is_not_waited_for(client: httpx2.AsyncClient, stage: Stage) -> None:
    video_id = await create(client)
    await stage.complete(f"video_{video_id}")
    answer = await client.get(f"/v1/videos/video_{video_id}", headers={"prefer": "wait=100"})
    assert answer.json()["status"] == "completed"
    assert answer.headers["preference-applied"] == "wait=60"


async def test_when_the_time_is_up_the_present_state_is_told(
    waiting_client: httpx2.AsyncClient, hand: Hand
) -> None:
    video_id = await create(waiting_client)
    await hand.begin(f"video_{video_id}")
    began = time.monotonic()
    answer = await waiting_client.get(f"/v1/videos/video_{video_id}", headers={"prefer": "wait=1"})
    assert time.monotonic() - began > 0.9
    assert answer.json()["status"] == "in_progress"
    assert answer.headers["openai-poll-after-ms"] == "2000"
    assert answer.headers["preference-applied"] == "wait=1"


async def test_progress_is_no_reason_to_answer(
    services: Services, waiting_client: httpx2.AsyncClient, hand: Hand
) -> None:
    video_id = await create(waiting_client)
    async with asyncio.TaskGroup() as asking:
        path = f"/v1/videos/video_{video_id}"
        asked = asking.create_task(waiting_client.get(path, headers={"prefer": "wait=2"}))
        await until_waiting(services, 1)
        await hand.advance(await hand.begin(f"video_{video_id}"), 40)
    body = asked.result().json()
    assert (body["status"], body["progress"]) == ("in_progress", 40)


async def test_a_video_that_is_deleted_while_it_is_waited_for_is_not_found(
    services: Services, waiting_client: httpx2.AsyncClient
) -> None:
    path = f"/v1/videos/video_{await create(waiting_client)}"
    async with asyncio.TaskGroup() as asking:
        asked = asking.create_task(waiting_client.get(path, headers=PATIENT))
        await until_waiting(services, 1)
        await waiting_client.delete(path)
    assert asked.result().status_code == 404


async def test_strangers_are_not_kept_waiting(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    path = f"/v1/videos/video_{await create(client)}"
    assert (await stranger.get(path, headers=PATIENT)).status_code == 404


async def test_two_hundred_who_wait_for_one_video_are_answered_by_its_end(
    services: Services, remote: httpx2.AsyncClient, hand: Hand
) -> None:
    video_id = await create(remote)
    path = f"/v1/videos/video_{video_id}"
    async with asyncio.TaskGroup() as asking:
        asked = [asking.create_task(remote.get(path, headers=PATIENT)) for _ in range(200)]
        await until_waiting(services, 200)
        await hand.complete(f"video_{video_id}")
    assert {task.result().json()["status"] for task in asked} == {"completed"}
    assert services.watch.waiting == 0


async def test_a_lost_notice_only_costs_a_moment(
    services: Services, waiting_client: httpx2.AsyncClient, stage: Stage
) -> None:
    video_id = await create(waiting_client)
    async with asyncio.TaskGroup() as asking:
        path = f"/v1/videos/video_{video_id}"
        asked = asking.create_task(waiting_client.get(path, headers=PATIENT))
        await until_waiting(services, 1)
        began = time.monotonic()
        await stage.complete(f"video_{video_id}")  # says nothing to anybody
    assert asked.result().json()["status"] == "completed"
    assert time.monotonic() - began < 5


async def test_a_lost_listener_only_costs_a_moment(
    services: Services, waiting_client: httpx2.AsyncClient, hand: Hand
) -> None:
    video_id = await create(waiting_client)
    async with asyncio.TaskGroup() as asking:
        path = f"/v1/videos/video_{video_id}"
        asked = asking.create_task(waiting_client.get(path, headers=PATIENT))
        await until_waiting(services, 1)
        await lose_listener(services.database)
        began = time.monotonic()
        await hand.complete(f"video_{video_id}")
    assert asked.result().json()["status"] == "completed"
    assert time.monotonic() - began < 5


async def test_a_listener_that_was_lost_comes_back(
    services: Services, waiting_client: httpx2.AsyncClient
) -> None:
    first = await lose_listener(services.database)

    async def another() -> bool:
        return await listener(services.database) not in (None, first)

    await eventually(another)


async def test_a_client_that_leaves_leaves_nothing_behind(
    services: Services, remote: httpx2.AsyncClient
) -> None:
    video_id = await create(remote)
    with pytest.raises(httpx2.ReadTimeout):
        await remote.get(f"/v1/videos/video_{video_id}", headers=PATIENT, timeout=0.3)
    await until_waiting(services, 0)


async def test_a_client_that_leaves_its_create_keeps_the_video(
    services: Services, remote: httpx2.AsyncClient, account_id: AccountId
) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        await remote.post("/v1/videos", json={"prompt": "A cat"}, headers=PATIENT, timeout=1)
    await until_waiting(services, 0)
    page = await videos.list_page(
        services.database, account_id=account_id, after=None, limit=10, newest_first=True
    )
    assert len(page.videos) == 1


async def test_a_server_that_stops_tells_the_present_state(services: Services, key: str) -> None:
    headers = {"authorization": f"Bearer {key}", **PATIENT}
    async with asyncio.TaskGroup() as asking:
        async with live(services) as address:
            client = httpx2.AsyncClient(base_url=address, headers=headers, timeout=30)
            asked = asking.create_task(client.post("/v1/videos", json={"prompt": "A cat"}))
            await until_waiting(services, 1)
            began = time.monotonic()
        assert time.monotonic() - began < 3
    await client.aclose()
    assert (asked.result().status_code, asked.result().json()["status"]) == (200, "queued")
