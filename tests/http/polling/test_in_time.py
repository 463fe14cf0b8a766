"""The short cut for polls: nobody is told too late, or less than was told otherwise."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from filmgate.core.video import Failure
from filmgate.database import videos as rows
from filmgate.database.connection import Database
from filmgate.http.app import build_application
from filmgate.http.following.alarms import Alarm
from filmgate.http.following.telling import account_teller, video_teller
from filmgate.http.services import Services
from filmgate.http.sightings import GOOD_FOR
from filmgate.usecases import videos
from filmgate.usecases.line import Lines
from tests.eventually import eventually
from tests.http.live import Hand, lose_listener
from tests.http.polling.studio import Studio, listening
from tests.http.polls import (
    OUR_ID,
    Clock,
    Doors,
    Poll,
    ask,
    headers_of,
    sighted,
)
from tests.http.stage import Stage


@dataclass(frozen=True)
class Poller:
    """One client, and what it is told of one video."""

    doors: Doors
    poll: Poll

    async def status(self) -> str:
        answer = await self.doors.ask(self.poll)
        return answer.body.decode().partition('"status":"')[2].partition('"')[0]

    async def is_told(self, status: str) -> bool:
        return await self.status() == status


@pytest.fixture
async def poller(services: Services, studio: Studio, key: str, open_eyes: None) -> Poller:
    """Of a video that waits, and was seen so already."""
    path = f"/v1/videos/video_{(await studio.queued()).id}"
    poller = Poller(Doors(services), Poll(path=path, headers=headers_of(key)))
    assert await poller.status() == "queued"
    return poller


@pytest.fixture
async def elsewhere(dsn: str) -> AsyncIterator[Database]:
    """Another process's."""
    database = await Database.open(dsn)
    yield database
    await database.aclose()


def wire_id(poller: Poller) -> str:
    return poller.poll.path.rpartition("/")[2]


async def test_a_change_of_which_no_notice_comes_is_told_a_quarter_of_a_second_later(
    poller: Poller, elsewhere: Database, services: Services, clock: Clock
) -> None:
    await Stage(elsewhere, services.store).begin(wire_id(poller))
    clock.now += GOOD_FOR.total_seconds() - 0.001
    assert await poller.status() == "queued"
    clock.now += 0.001
    assert await poller.status() == "in_progress"
    assert poller.doors.handed_on == 0
    assert GOOD_FOR.total_seconds() <= 0.3


async def test_the_deletion_of_a_finished_video_of_which_no_notice_comes_is_told_within_its_time(
    poller: Poller, elsewhere: Database, services: Services, clock: Clock
) -> None:
    video = await Stage(elsewhere, services.store).complete(wire_id(poller))
    clock.now += GOOD_FOR.total_seconds()
    assert await poller.status() == "completed"
    async with elsewhere.connection() as connection:
        deleted = video.delete(at=await rows.now(connection))
        assert await rows.update(connection, video, deleted)
    clock.now += GOOD_FOR.total_seconds()
    assert (await poller.doors.ask(poller.poll)).status == 404


async def test_a_change_elsewhere_is_told_when_its_notice_comes(
    poller: Poller, elsewhere: Database, services: Services, studio: Studio
) -> None:
    """The clock stands still: nothing becomes too old by itself."""
    async with listening(services):
        assert await poller.status() == "queued"
        await Hand(elsewhere).complete(wire_id(poller))
        await eventually(lambda: poller.is_told("completed"))
        video_id = services_id(poller)
        await videos.delete(elsewhere, video_id, account_id=studio.caller.account_id)
        await eventually(lambda: poller.is_told(""))
        assert (await poller.doors.ask(poller.poll)).status == 404


async def test_where_notices_may_have_been_lost_everything_is_looked_at_again(
    poller: Poller, elsewhere: Database, services: Services
) -> None:
    async with listening(services):
        assert await poller.status() == "queued"
        await Stage(elsewhere, services.store).begin(wire_id(poller))  # says nothing to anybody
        assert await poller.status() == "queued"
        await lose_listener(elsewhere)
        await eventually(lambda: poller.is_told("in_progress"))


def services_id(poller: Poller) -> Any:
    return wire_id(poller).removeprefix("video_")


async def test_a_place_that_moves_is_told_with_another_tag(
    services: Services, studio: Studio, key: str, stage: Stage
) -> None:
    services = replace(services, lines=Lines(services.database, good_for=timedelta(0)))
    first, last = await studio.queued(), await studio.queued()
    doors, plain = Doors(services), build_application(services)
    poll = Poll(path=f"/v1/videos/video_{last.id}", headers=headers_of(key, OUR_ID))
    async with sighted(services, key=key):
        before = await doors.ask(poll)
        await stage.begin(f"video_{first.id}")
        after = await doors.ask(poll)
    assert doors.handed_on == 0
    assert b'"queue":{"position":2,' in before.body
    assert b'"queue":{"position":1,' in after.body
    assert before.headers[b"etag"] != after.headers[b"etag"]
    assert after == await ask(plain, poll)


# What was told otherwise. Nobody listens, and the clock stands still.


async def test_after_its_cancellation_a_video_is_never_waiting_again(
    poller: Poller, client: httpx2.AsyncClient
) -> None:
    assert (await client.post(f"/v1/videos/{wire_id(poller)}/cancel")).status_code == 200
    assert await poller.status() == "failed"


async def test_after_its_deletion_a_video_is_not_found(
    poller: Poller, client: httpx2.AsyncClient
) -> None:
    assert (await client.delete(f"/v1/videos/{wire_id(poller)}")).status_code == 200
    assert (await poller.doors.ask(poller.poll)).status == 404


async def test_a_new_video_is_found_by_the_very_next_poll(
    poller: Poller, client: httpx2.AsyncClient
) -> None:
    made = (await client.post("/v1/videos", json={"prompt": "A cat"})).json()
    answer = await poller.doors.ask(replace(poller.poll, path=f"/v1/videos/{made['id']}"))
    assert (answer.status, poller.doors.handed_on) == (200, 0)
    assert b'"queue":{"position":2,' in answer.body


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/videos", {}),
        ("/v1/videos/{}", {"prefer": "wait=0"}),
        ("/v1/videos/{}", {"if-none-match": "*"}),
        ("/v1/videos/{}/content", {}),
        ("/v1/video/generations/{}", {}),
    ],
)
async def test_no_poll_is_told_less_than_another_answer_has_told(
    poller: Poller,
    client: httpx2.AsyncClient,
    stage: Stage,
    path: str,
    headers: dict[str, str],
) -> None:
    await stage.complete(wire_id(poller))
    assert await poller.status() == "queued"
    answer = await client.get(path.format(wire_id(poller)), headers=headers)
    assert answer.status_code in (200, 304)
    assert await poller.status() == "completed"


async def test_no_poll_is_told_less_than_the_stream_of_a_video(
    poller: Poller, services: Services, stage: Stage
) -> None:
    video = await stage.complete(wire_id(poller))
    assert await poller.status() == "queued"
    with video_teller(
        services.watch, services.database, video, position=0, alarm=Alarm()
    ) as teller:
        assert "video.completed" in "".join(await teller.tell())
        assert await poller.status() == "completed"


async def test_no_poll_is_told_less_than_the_stream_of_an_account(
    poller: Poller, services: Services, studio: Studio
) -> None:
    await Hand(services.database).complete(wire_id(poller))
    assert await poller.status() == "queued"
    with account_teller(
        services.watch,
        services.database,
        studio.caller.account_id,
        position=0,
        alarm=Alarm(),
    ) as teller:
        assert "video.completed" in "".join(await teller.tell())
        assert await poller.status() == "completed"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/videos/{}/cancel", {}),
        ("/v1/videos/{}/remix", {"prompt": "A dog"}),
        ("/v1/videos/extensions", {"prompt": "A dog", "video": {"id": "{}"}, "seconds": 4}),
    ],
)
async def test_no_poll_is_told_less_than_a_refusal(
    poller: Poller, client: httpx2.AsyncClient, stage: Stage, path: str, body: object
) -> None:
    await stage.fail(wire_id(poller), Failure("engine_failed", "No."))
    assert await poller.status() == "queued"
    content = json.dumps(body).replace("{}", wire_id(poller)).encode()
    answer = await client.post(
        path.format(wire_id(poller)), content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, "is failed" in answer.text) == (409, True)
    assert await poller.status() == "failed"
