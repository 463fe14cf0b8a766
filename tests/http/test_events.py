"""Streams of events: what they tell, in which order, when they end, and how they go on."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from filmgate.core.account import AccountId, digest
from filmgate.core.errors import DatabaseUnavailable, EngineFailed, RateLimited
from filmgate.core.event import event_body
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Status, Video, VideoId
from filmgate.database import accounts, events
from filmgate.database.connection import Database
from filmgate.http.endpoints import routes_of
from filmgate.http.following.alarms import Alarm
from filmgate.http.following.routes import STREAM_LIMIT, EventRoutes
from filmgate.http.following.watching import NEWS_LIMIT, AccountFollower, Watch
from filmgate.http.places import Places
from filmgate.http.services import Services
from filmgate.usecases import rendering
from filmgate.usecases.accounts import create_key, revoke_key
from tests.eventually import eventually
from tests.http.live import Hand, Stream, Told, live, lose_listener, streaming, until_waiting
from tests.http.stage import UNKNOWN

SHORT = timedelta(milliseconds=50)
SPEC = VideoSpec(model="m", engine="scenes", prompt="A cat", size=Size(64, 64), seconds=4)


@pytest.fixture
def hand(database: Database) -> Hand:
    return Hand(database)


@pytest.fixture
async def remote(services: Services, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on real connections."""
    async with live(services) as address, client_of(address, key) as client:
        yield client


@asynccontextmanager
async def client_of(address: str, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {key}"}
    limits = httpx2.Limits(max_connections=2 * STREAM_LIMIT)
    async with httpx2.AsyncClient(
        base_url=address, headers=headers, timeout=30, limits=limits
    ) as client:
        yield client


def only_events(routes: EventRoutes) -> Starlette:
    return Starlette(routes=routes_of(routes.endpoints()))


async def create(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/v1/videos", json={"prompt": "A cat"})
    return str(answer.json()["id"])


def told(stream: list[Told]) -> list[tuple[str, str]]:
    return [(each.name, each.video_id) for each in stream]


async def test_a_video_is_followed_from_where_it_stands_to_its_end(
    remote: httpx2.AsyncClient, hand: Hand
) -> None:
    wire_id = await create(remote)
    async with streaming(remote, f"/v1/videos/{wire_id}/events") as stream:
        first = await stream.next()
        video = await hand.begin(wire_id)
        begun = await stream.next()
        await hand.advance(video, 40)
        advanced = await stream.next()
        await rendering.give_up(
            hand.database, video, EngineFailed("engine_failed", "no"), retry_delay=SHORT
        )
        end = await stream.rest()
    states = [each.body["data"] for each in (first, begun, advanced)]
    assert states == [
        {"id": wire_id, "status": "queued", "progress": 0},
        {"id": wire_id, "status": "in_progress", "progress": 0},
        {"id": wire_id, "status": "in_progress", "progress": 40},
    ]
    assert {each.name for each in (first, begun, advanced)} == {"video.progress"}
    assert told(end) == [("video.failed", wire_id)]


async def test_events_are_told_as_webhooks_are(
    remote: httpx2.AsyncClient, hand: Hand, account_id: AccountId
) -> None:
    wire_id = await create(remote)
    async with streaming(remote, "/v1/events") as stream:
        await stream.opened()
        await hand.complete(wire_id)
        while (found := await stream.next()).name == "video.progress":
            assert set(found.body) == {"object", "created_at", "type", "data"}
    async with hand.database.connection() as connection:
        [event] = await events.list_after(connection, account_id, position=0, limit=10)
    assert found == Told(str(event.position), "video.completed", event_body(event))
    assert found.body == {
        "id": f"evt_{event.id}",
        "object": "event",
        "created_at": int(event.created_at.timestamp()),
        "type": "video.completed",
        "data": {"id": wire_id},
    }


async def test_a_stream_says_what_it_is(remote: httpx2.AsyncClient) -> None:
    async with streaming(remote, "/v1/events") as stream:
        headers = stream.response.headers
        opening = await anext(stream.response.aiter_text())
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert opening == "retry: 2000\nid: 0\n\n"


@pytest.mark.parametrize("prefix", ["video_", "sora_"])
async def test_of_a_finished_video_only_the_end_is_told(
    remote: httpx2.AsyncClient, hand: Hand, prefix: str
) -> None:
    wire_id = await create(remote)
    await hand.complete(wire_id)
    path = f"/v1/videos/{wire_id.replace('video_', prefix)}/events"
    async with streaming(remote, path) as stream:
        assert told(await stream.rest()) == [("video.completed", wire_id)]


async def test_who_was_told_the_end_need_not_come_back(
    remote: httpx2.AsyncClient, hand: Hand
) -> None:
    wire_id = await create(remote)
    path = f"/v1/videos/{wire_id}/events"
    async with streaming(remote, path) as stream:
        before = (await stream.next()).position
        await hand.complete(wire_id)
        end = (await stream.rest())[-1]
    again = await remote.get(path, headers={"last-event-id": end.position})
    assert (again.status_code, again.content) == (204, b"")
    async with streaming(remote, path, after=before) as stream:
        assert await stream.rest() == [end]


async def test_an_end_that_was_forgotten_is_told_all_the_same(
    remote: httpx2.AsyncClient, hand: Hand
) -> None:
    wire_id = await create(remote)
    await hand.complete(wire_id)
    async with hand.database.connection() as connection:
        await connection.execute("delete from delivery")
        await events.trim(connection, keep_for=timedelta(0))
    async with streaming(remote, f"/v1/videos/{wire_id}/events") as stream:
        [end] = await stream.rest()
    assert (end.name, end.video_id) == ("video.completed", wire_id)
    assert end.body["id"] == wire_id.replace("video_", "evt_")


async def test_the_stream_of_a_video_ends_when_it_is_deleted(remote: httpx2.AsyncClient) -> None:
    wire_id = await create(remote)
    async with streaming(remote, f"/v1/videos/{wire_id}/events") as stream:
        await stream.next()
        await remote.delete(f"/v1/videos/{wire_id}")
        assert await stream.rest() == []


async def test_an_account_is_told_what_happens_from_now_on(
    remote: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.complete(await create(remote))
    async with streaming(remote, "/v1/events") as stream:
        await stream.opened()
        wire_id = await create(remote)
        await hand.complete(wire_id)
        seen = [await stream.next()]
        while seen[-1].name == "video.progress":
            seen.append(await stream.next())
    assert {each.video_id for each in seen} == {wire_id}
    assert seen[-1].name == "video.completed"


async def test_an_account_is_told_of_progress(remote: httpx2.AsyncClient, hand: Hand) -> None:
    wire_id = await create(remote)
    video = await hand.begin(wire_id)
    async with streaming(remote, "/v1/events") as stream:
        await stream.opened()
        await hand.advance(video, 30)
        found = await stream.next()
        if found.body["data"]["progress"] == 0:  # that it began, seen no sooner than the stream
            found = await stream.next()
    assert (found.name, found.position) == ("video.progress", "0")
    assert found.body["data"] == {"id": wire_id, "status": "in_progress", "progress": 30}


async def test_accounts_are_told_of_their_own_videos_alone(
    services: Services, remote: httpx2.AsyncClient, hand: Hand
) -> None:
    other_key, _ = await create_key(services.database, account="theirs", name="test")
    async with client_of(str(remote.base_url), other_key) as other:
        theirs = await create(other)
        async with streaming(remote, "/v1/events") as stream:
            await stream.opened()
            await hand.complete(theirs)
            ours = await create(remote)
            await hand.complete(ours)
            while (found := await stream.next()).name == "video.progress":
                assert found.video_id == ours
        assert found.video_id == ours
        refused = await remote.get(f"/v1/videos/{theirs}/events")
    assert refused.status_code == 404


async def test_a_client_that_comes_back_goes_on_right_behind(
    remote: httpx2.AsyncClient, hand: Hand
) -> None:
    finished = [await create(remote) for _ in range(3)]
    await hand.complete(finished[0])
    async with streaming(remote, "/v1/events") as stream:
        await stream.opened()
        position = stream.position
    await hand.complete(finished[1])
    await hand.complete(finished[2])
    async with streaming(remote, "/v1/events", after=position) as stream:
        found = [await stream.next(), await stream.next()]
    assert told(found) == [("video.completed", each) for each in finished[1:]]
    async with streaming(remote, "/v1/events", after=found[0].position) as stream:
        assert await stream.next() == found[1]


async def test_more_than_a_page_is_told_without_a_gap(
    remote: httpx2.AsyncClient, hand: Hand, account_id: AccountId
) -> None:
    async with hand.database.connection() as connection:
        await connection.execute(
            """
            insert into event (id, account_id, video_id, type, created_at)
            select 'e' || n, $1, 'v' || n, 'video.completed', now() from generate_series(1, 250) as n
            """,
            account_id,
        )
    async with streaming(remote, "/v1/events", after="0") as stream:
        found = [await stream.next() for _ in range(250)]
    assert [each.video_id for each in found] == [f"video_v{n}" for n in range(1, 251)]


async def test_a_position_behind_the_end_means_from_now_on(
    remote: httpx2.AsyncClient, hand: Hand
) -> None:
    """As when the database was made anew, and the client remembers the old one."""
    wire_id = await create(remote)
    async with streaming(remote, "/v1/events", after="999999") as stream:
        await stream.opened()
        assert stream.position == "0"
        await hand.complete(wire_id)
        while (found := await stream.next()).name == "video.progress":
            pass
    assert found.video_id == wire_id


@pytest.mark.parametrize("path", ["/v1/events", "/v1/videos/{}/events"])
@pytest.mark.parametrize("after", ["-1", "evt_01jbqk5v3xw8e9r2t4y6m8n0pq", "1.5", "9" * 19])
async def test_what_cannot_be_a_position_is_refused(
    client: httpx2.AsyncClient, path: str, after: str
) -> None:
    answer = await client.get(path.format(await create(client)), headers={"last-event-id": after})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "Last-Event-ID")


@pytest.mark.parametrize("wire_id", [f"video_{UNKNOWN}", "nonsense"])
async def test_an_unknown_video_has_no_stream(client: httpx2.AsyncClient, wire_id: str) -> None:
    answer = await client.get(f"/v1/videos/{wire_id}/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_found")


@pytest.mark.parametrize("path", ["/v1/events", f"/v1/videos/video_{UNKNOWN}/events"])
async def test_streams_need_a_key(anonymous: httpx2.AsyncClient, path: str) -> None:
    assert (await anonymous.get(path)).status_code == 401


async def test_silence_is_broken_by_comments(services: Services, key: str) -> None:
    app = only_events(EventRoutes(services, heartbeat=SHORT))
    async with (
        live(services, app) as address,
        client_of(address, key) as client,
        streaming(client, "/v1/events") as stream,
    ):
        await stream.comment()
        await stream.comment()


async def test_a_stream_ends_when_its_key_is_revoked(services: Services, key: str) -> None:
    app = only_events(EventRoutes(services, heartbeat=SHORT, look_at_key_again=SHORT))
    async with (
        live(services, app) as address,
        client_of(address, key) as client,
        streaming(client, "/v1/events") as stream,
    ):
        await stream.comment()
        await revoke(services.database, key)
        assert await stream.rest() == []


async def test_streams_end_when_the_server_stops(services: Services, key: str) -> None:
    async with live(services) as address:
        client = httpx2.AsyncClient(
            base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=30
        )
        response = await client.send(client.build_request("GET", "/v1/events"), stream=True)
        stream = Stream(response)
        await stream.opened()
    assert await stream.rest() == []
    await client.aclose()


async def test_an_account_may_have_so_many_streams_and_no_more(
    services: Services, remote: httpx2.AsyncClient
) -> None:
    async with AsyncExitStack() as open_streams:
        for _ in range(STREAM_LIMIT):
            stream = await open_streams.enter_async_context(streaming(remote, "/v1/events"))
            await stream.opened()
        refused = await remote.get("/v1/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    await until_waiting(services, 0)
    async with streaming(remote, "/v1/events") as again:
        await again.opened()


async def test_a_lost_listener_loses_no_event(
    services: Services, remote: httpx2.AsyncClient, hand: Hand
) -> None:
    wire_id = await create(remote)
    async with streaming(remote, "/v1/events") as stream:
        await stream.opened()
        await lose_listener(services.database)
        await hand.complete(wire_id)
        while (found := await stream.next()).name == "video.progress":
            pass
    assert (found.name, found.video_id) == ("video.completed", wire_id)


async def test_an_outage_of_the_database_ends_no_stream(
    services: Services, key: str, hand: Hand
) -> None:
    database = await FlakyDatabase.open(services.database.dsn)
    flaky = replace(services, database=database, watch=Watch(database, services.sightings))
    async with live(flaky) as address, client_of(address, key) as client:
        wire_id = await create(client)
        async with streaming(client, "/v1/events") as stream:
            await stream.opened()
            with capture_logs() as logs:

                async def noticed() -> bool:
                    return any(entry["event"] == "database away, nothing seen" for entry in logs)

                database.is_away = True
                await hand.complete(wire_id)
                await eventually(noticed)
            database.is_away = False
            while (found := await stream.next()).name == "video.progress":
                pass
    assert (found.name, found.video_id) == ("video.completed", wire_id)
    await database.aclose()


class FlakyDatabase(Database):
    """A database that a test can take away from whoever holds this object."""

    is_away = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        if self.is_away:
            raise DatabaseUnavailable("The database is away.")
        async with super().connection() as connection:
            yield connection


async def test_a_client_that_leaves_is_followed_no_longer(
    services: Services, remote: httpx2.AsyncClient
) -> None:
    async with streaming(remote, "/v1/events") as stream:
        await stream.opened()
        await until_waiting(services, 1)
    await until_waiting(services, 0)


async def test_through_cuts_and_crowds_each_event_is_told_once_and_in_order(
    remote: httpx2.AsyncClient, hand: Hand, account_id: AccountId
) -> None:
    """Fifty videos end at the same time while a client is cut off again and again."""
    chance = random.Random(7)
    wire_ids = [await create(remote) for _ in range(50)]
    seen: list[Told] = []
    async with asyncio.TaskGroup() as work:
        for wire_id in wire_ids:
            work.create_task(hand.complete(wire_id))
        position = "0"
        async with asyncio.timeout(60):
            while len(seen) < 50:
                position = await a_while(remote, position, seen, count=chance.randrange(12))
    async with hand.database.connection() as connection:
        noted = await events.list_after(connection, account_id, position=0, limit=100)
    assert [each.body for each in seen] == [event_body(event) for event in noted]
    assert sorted(each.video_id for each in seen) == sorted(wire_ids)


async def a_while(
    client: httpx2.AsyncClient, position: str, seen: list[Told], *, count: int
) -> str:
    """Listen to so many events, of whatever kind, then break off; return where to go on."""
    async with streaming(client, "/v1/events", after=position) as stream:
        await stream.opened()
        while count > 0 and len(seen) < 50:
            count -= 1
            found = await stream.next()
            if found.name != "video.progress":
                seen.append(found)
        return stream.position


def test_what_a_slow_reader_has_not_read_does_not_grow() -> None:
    follower = AccountFollower(Alarm())
    for progress in (1, 2):
        for number in range(NEWS_LIMIT + 500):
            follower.see(a_video(number, progress=progress))
    kept = follower.take()
    assert len(kept) == NEWS_LIMIT
    assert {video.progress for video in kept} == {2}
    assert follower.take() == []


def a_video(number: int, *, progress: int) -> Video:
    return Video(
        id=VideoId(str(number)),
        account_id=AccountId(1),
        dialect=Dialect.OPENAI,
        spec=SPEC,
        created_at=datetime.now(UTC),
        status=Status.IN_PROGRESS,
        progress=progress,
    )


def test_places_are_counted_by_account() -> None:
    places = Places(1, what="event streams")
    with places.taken(AccountId(1)), places.taken(AccountId(2)), pytest.raises(RateLimited):
        places.taken(AccountId(1)).__enter__()
    with places.taken(AccountId(1)):
        pass


async def revoke(database: Database, key: str) -> None:
    async with database.connection() as connection:
        (caller,) = (await accounts.find_callers(connection, [digest(key)])).values()
    await revoke_key(database, caller.api_key_id)
