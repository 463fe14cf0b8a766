"""Events are noted with the change that they tell of, and in an order that a reader can rely on."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.event import Event, EventType
from filmgate.core.video import Status, Video
from filmgate.database import events, notices
from filmgate.database.connection import Database
from filmgate.usecases import rendering, videos
from tests.claiming import begin, complete
from tests.eventually import eventually
from tests.usecases.conftest import Owner

NOW = timedelta(0)


async def begun(us: Owner) -> Video:
    return await begin(us.database, (await us.create()).id)


async def noted(us: Owner, *, position: int = 0) -> list[Event]:
    async with us.database.connection() as connection:
        return await events.list_after(connection, us.account_id, position=position, limit=1000)


async def test_completion_and_failure_are_noted_for_their_account_alone(
    us: Owner, them: Owner
) -> None:
    good, bad = await begun(us), await begun(us)
    await complete(us.database, good)
    await rendering.give_up(us.database, bad, EngineFailed("engine_failed", "no"), retry_delay=NOW)
    found = await noted(us)
    assert [(event.type, event.video_id) for event in found] == [
        (EventType.VIDEO_COMPLETED, good.id),
        (EventType.VIDEO_FAILED, bad.id),
    ]
    assert found[0].created_at == (await us.retrieve(good)).completed_at
    assert await noted(them) == []


async def test_a_cancelled_video_has_failed(us: Owner) -> None:
    video = await us.create()
    await videos.cancel(us.database, video.id, account_id=us.account_id)
    assert [event.type for event in await noted(us)] == [EventType.VIDEO_FAILED]


async def test_what_is_not_the_end_is_no_event(us: Owner) -> None:
    video = await begun(us)
    status = await rendering.give_up(
        us.database, video, EngineUnavailable("later"), retry_delay=NOW
    )
    assert status is Status.QUEUED
    deleted = await us.create()
    await videos.delete(us.database, deleted.id, account_id=us.account_id)
    assert await noted(us) == []


async def test_a_lost_attempt_notes_nothing(us: Owner) -> None:
    video = await begun(us)
    await begin(us.database, video.id)
    assert not await complete(us.database, video)
    assert await noted(us) == []


async def test_whoever_has_seen_a_position_has_seen_all_before_it(us: Owner) -> None:
    begun_ones = [await begun(us) for _ in range(30)]
    seen: list[Event] = []

    async def follow() -> None:
        while len(seen) < len(begun_ones):
            seen.extend(await noted(us, position=seen[-1].position if seen else 0))

    async with asyncio.TaskGroup() as life:
        life.create_task(follow())
        for video in begun_ones:
            life.create_task(complete(us.database, video))
    assert len({event.id for event in seen}) == 30
    assert seen == await noted(us)


@pytest.mark.parametrize("act", ["begin", "complete", "cancel", "delete"])
async def test_every_change_is_said_aloud(act: str, us: Owner, database: Database) -> None:
    video = await us.create() if act == "begin" else await begun(us)
    heard: list[notices.Notice] = []
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener(
        notices.CHANNEL, lambda _c, _p, _n, payload: heard.extend(notices.read(str(payload)))
    )
    match act:
        case "begin":
            await rendering.begin_next(database, ["scenes"], worker_id=uuid4())
        case "complete":
            await complete(database, video)
        case "cancel":
            await videos.cancel(database, video.id, account_id=us.account_id)
        case _:
            await videos.delete(database, video.id, account_id=us.account_id)

    async def told() -> bool:
        return notices.Notice(us.account_id, video.id) in heard

    await eventually(told, within=5)
    await listener.close()


async def test_a_thousand_changes_fit_into_few_notices(us: Owner, database: Database) -> None:
    video = await us.create()
    heard: list[str] = []
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener(
        notices.CHANNEL, lambda _c, _p, _n, payload: heard.append(str(payload))
    )
    async with database.connection() as connection:
        await notices.announce(connection, [video] * 1000)

    async def all_heard() -> bool:
        return sum(len(notices.read(payload)) for payload in heard) == 1000

    await eventually(all_heard, within=5)
    assert len(heard) == 7
    await listener.close()
