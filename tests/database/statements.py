"""Calls of every function that sends SQL about tables that grow: what `test_plans.py` looks at."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from asyncpg import Connection

from bench.seeding import LARGEST
from filmgate.core.account import AccountId, ApiKeyId, Caller
from filmgate.core.candidate import Candidate
from filmgate.core.event import EventId, EventType
from filmgate.core.fairness import Ticket
from filmgate.core.idempotency import Claim
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video, VideoId, new_video_id
from filmgate.core.webhook import DeliveryAttempt, DeliveryId, EndpointId, HeldDelivery
from filmgate.database import (
    acceptance,
    deliveries,
    depths,
    events,
    fairness,
    holding,
    idempotency,
    ledger,
    line,
    lists,
    records,
    resume_points,
    usage,
    videos,
)
from filmgate.database.ledger import EntryKind
from filmgate.database.resume_points import ResumePoint

MODULES: Final = (
    acceptance,
    videos,
    line,
    lists,
    events,
    deliveries,
    fairness,
    idempotency,
    ledger,
    records,
    resume_points,
    holding,
    depths,
    usage,
)
US = AccountId(LARGEST)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
POINT = ResumePoint(
    video_id=VideoId("0" * 26),
    engine="upstream",
    token={"url": "https://upstream.invalid/v1", "id": "1", "intent": "1"},
)
CLAIM = Claim(account_id=US, key="key", fingerprint=b"", holder=uuid4())
CANDIDATE = Candidate(
    video_id=VideoId("0" * 26),
    spec=VideoSpec(model="m", engine="scenes", prompt="p", size=Size(64, 64), seconds=4),
    caller=Caller(US, ApiKeyId(LARGEST)),
    dialect=Dialect.OPENAI,
    claim=CLAIM,
)
TRY = DeliveryAttempt(at=NOON, status_code=500, error=None, duration=SECOND)

Statement = Callable[[Connection, Video], Awaitable[object]]


async def any_video(connection: Connection) -> Video:
    row = await connection.fetchrow(
        f"select {videos.COLUMNS} from video where status = 'completed' and account_id = $1 limit 1",
        US,
    )
    return videos.video_of(row)


async def read_pages(connection: Connection, video: Video) -> None:
    for after in (None, video.id):
        for newest_first in (True, False):
            await lists.read_page(connection, US, after=after, limit=20, newest_first=newest_first)


async def read_events(connection: Connection, video: Video) -> None:
    for video_id in (None, video.id):
        await events.list_after(connection, US, position=0, limit=20, video_id=video_id)


async def insert_event(connection: Connection, video: Video) -> EventId:
    event_id = EventId(new_video_id(NOON))
    await events.insert(
        connection,
        event_id,
        account_id=US,
        video_id=video.id,
        type_=EventType.VIDEO_COMPLETED,
        at=NOON,
    )
    return event_id


async def deliver(connection: Connection, video: Video) -> None:
    event_id = await insert_event(connection, video)
    endpoint_id = await connection.fetchval("select id from webhook_endpoint limit 1")
    await deliveries.insert(
        connection, event_id, {EndpointId(endpoint_id): DeliveryId(new_video_id(NOON))}
    )


async def claim_deliveries(connection: Connection) -> list[HeldDelivery]:
    return await deliveries.claim(
        connection, busy={}, most=16, most_each=4, behind=EndpointId(""), hold_for=SECOND
    )


async def with_held(
    connection: Connection, video: Video, act: Callable[[HeldDelivery], Awaitable[object]]
) -> None:
    await deliver(connection, video)
    for held in await claim_deliveries(connection):
        await act(held)


async def begin_anew(connection: Connection) -> None:
    delivery_id = await connection.fetchval("select id from delivery order by id limit 1")
    assert await deliveries.begin_anew(connection, delivery_id)


async def list_deliveries(connection: Connection) -> None:
    endpoint_id = await connection.fetchval(
        "select endpoint_id from delivery order by endpoint_id limit 1"
    )
    assert await deliveries.list_page(connection, endpoint_id, after=None, limit=20)


async def hold(connection: Connection) -> None:
    for claim in (CLAIM, None):
        await acceptance.hold(connection, [replace(CANDIDATE, claim=claim)], waits=False)


async def move_up(connection: Connection) -> None:
    await connection.execute("update account_clock set gave_back = 1 where account_id = $1", US)
    await fairness.move_up(connection)


# Everything that a statement can need is in the video: a seeded one, completed or in progress.
STATEMENTS: Mapping[Callable[..., object], Statement] = {
    videos.now: lambda c, _: videos.now(c),
    acceptance.hold: lambda c, _: hold(c),
    acceptance.write: lambda c, _: acceptance.write(c, {CANDIDATE: Ticket(1, is_admitted=True)}),
    videos.find: lambda c, v: videos.find(c, v.id),
    videos.find_at: lambda c, v: videos.find_at(c, v.id),
    videos.read_stamps: lambda c, v: videos.read_stamps(c, [v.id]),
    videos.find_all: lambda c, v: videos.find_all(c, [v.id]),
    videos.find_changed: lambda c, v: videos.find_changed(c, {v.id: 1}),
    videos.lock: lambda c, v: videos.lock(c, v.id),
    videos.update: lambda c, v: videos.update(c, v, v),
    videos.touch: lambda c, v: videos.touch(c, [(v.id, v.attempt, 50)]),
    videos.save_token: lambda c, v: videos.save_token(c, v.id, attempt=1, token=POINT.token),
    videos.read_token: lambda c, v: videos.read_token(c, v.id),
    videos.to_empty: lambda c, _: videos.to_empty(c, grace=SECOND, limit=100),
    videos.mark_emptied: lambda c, v: videos.mark_emptied(c, v.id),
    videos.find_holdings: lambda c, v: videos.find_holdings(c, [v.id]),
    holding.change: lambda c, v: holding.change(c, [(v, v)]),
    line.lock_next: lambda c, _: line.lock_next(c, "scenes"),
    line.lock_lost: lambda c, _: line.lock_lost(c, ["scenes", "upstream"], silent_for=SECOND),
    line.list_held: lambda c, _: line.list_held(c, uuid4(), ["upstream"], most=100),
    line.postpone: lambda c, v: line.postpone(c, v.id, delay=SECOND),
    line.return_postponed: lambda c, _: line.return_postponed(c),
    line.lock_overdue: lambda c, _: line.lock_overdue(c, waiting_for=DAY),
    line.lock_forsaken: lambda c, _: line.lock_forsaken(c, waiting_for=DAY, silent_for=DAY),
    line.count_all: lambda c, _: line.count_all(c, {US: (5, 5)}),
    line.count_admitted: lambda c, _: line.count_admitted(c, US, most=5),
    line.admit: lambda c, _: line.admit(c, US, most=5),
    line.accounts_with_room: lambda c, _: line.accounts_with_room(c),
    line.read_front: lambda c, _: line.read_front(c, "scenes"),
    line.read_kept_out: lambda c, _: line.read_kept_out(c, "scenes", US),
    lists.read_page: read_pages,
    depths.of_engines: lambda c, _: depths.of_engines(c, ["scenes", "upstream"]),
    depths.count_held_back: lambda c, _: depths.count_held_back(c),
    depths.count_pending_deliveries: lambda c, _: depths.count_pending_deliveries(c),
    events.insert: insert_event,
    events.list_after: read_events,
    events.last_position: lambda c, _: events.last_position(c, US),
    events.last_positions: lambda c, _: events.last_positions(c, [US]),
    events.find_of_video: lambda c, v: events.find_of_video(c, v.id),
    events.trim: lambda c, _: events.trim(c, keep_for=DAY),
    deliveries.insert: deliver,
    deliveries.claim: lambda c, _: claim_deliveries(c),
    deliveries.release: lambda c, v: with_held(c, v, lambda h: deliveries.release(c, [h])),
    deliveries.log_attempt: lambda c, _: deliveries.log_attempt(c, DeliveryId("x"), TRY),
    deliveries.postpone: lambda c, v: with_held(
        c, v, lambda h: deliveries.postpone(c, h, next_at=NOON)
    ),
    deliveries.mark_delivered: lambda c, v: with_held(
        c, v, lambda h: deliveries.mark_delivered(c, h, at=NOON)
    ),
    deliveries.mark_failed: lambda c, v: with_held(
        c, v, lambda h: deliveries.mark_failed(c, h, at=NOON, failure="no")
    ),
    deliveries.fail_pending: lambda c, _: deliveries.fail_pending(c, EndpointId("x"), failure="no"),
    deliveries.has_delivered_since: lambda c, _: deliveries.has_delivered_since(
        c, EndpointId("x"), NOON
    ),
    deliveries.find_endpoint: lambda c, _: deliveries.find_endpoint(
        c, DeliveryId("x"), account_id=US
    ),
    deliveries.begin_anew: lambda c, _: begin_anew(c),
    deliveries.list_page: lambda c, _: list_deliveries(c),
    deliveries.trim: lambda c, _: deliveries.trim(c, keep_for=DAY, limit=100),
    fairness.advance: lambda c, v: fairness.advance(c, v.id),
    fairness.give_back: lambda c, v: fairness.give_back(c, v.id),
    fairness.move_up: lambda c, _: move_up(c),
    fairness.note_duration: lambda c, _: fairness.note_duration(c, "scenes", seconds=1.0),
    idempotency.take: lambda c, _: idempotency.take(c, CLAIM, lease=SECOND, keep_for=DAY),
    idempotency.find: lambda c, _: idempotency.find(c, CLAIM),
    idempotency.renew: lambda c, _: idempotency.renew(c, CLAIM, lease=SECOND),
    idempotency.mark_made: lambda c, v: idempotency.mark_made(c, CLAIM, v.id),
    idempotency.forget: lambda c, _: idempotency.forget(c, [CLAIM]),
    idempotency.release: lambda c, _: idempotency.release(c, CLAIM),
    idempotency.trim: lambda c, _: idempotency.trim(c, keep_for=DAY, limit=100),
    ledger.write: lambda c, _: ledger.write(c, US, kind=EntryKind.GRANT, amount=1),
    ledger.reserve: lambda c, _: ledger.reserve(c, [(US, VideoId("0" * 26), 1)]),
    ledger.list_entries: lambda c, _: ledger.list_entries(c, US, limit=20),
    records.remove: lambda c, _: records.remove(c, keep_for=DAY, stopped_for=DAY, limit=100),
    resume_points.lock_job: lambda c, _: resume_points.lock_job(c, POINT.token),
    resume_points.unclaimed: lambda c, v: resume_points.unclaimed(
        c, v.id, url=POINT.token["url"], ids=["1", "2"]
    ),
    resume_points.is_free: lambda c, v: resume_points.is_free(c, v.id, POINT.token),
    resume_points.note_late: lambda c, v: resume_points.note_late(c, v.id, POINT.token),
    resume_points.unwanted: lambda c, _: resume_points.unwanted(
        c, "upstream", quiet_for=SECOND, at_most=DAY, limit=20
    ),
    resume_points.unwanted_of: lambda c, v: resume_points.unwanted_of(c, v.id),
    resume_points.is_anothers: lambda c, _: resume_points.is_anothers(c, POINT),
    resume_points.note_told: lambda c, _: resume_points.note_told(c, POINT),
    resume_points.put_off: lambda c, _: resume_points.put_off(c, POINT, delay=SECOND),
}
