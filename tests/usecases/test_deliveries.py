"""What is queued for whom when a video ends, and what follows from each attempt to deliver it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from filmgate.core.errors import Conflict, DeliveryNotFound, WebhookNotFound
from filmgate.core.event import EventType
from filmgate.core.video import Video
from filmgate.core.webhook import (
    Delivery,
    DeliveryAttempt,
    DeliveryId,
    DeliveryStatus,
    Endpoint,
    EndpointId,
    HeldDelivery,
    Schedule,
)
from filmgate.database import deliveries as rows
from filmgate.database.connection import Database
from filmgate.usecases import deliveries, events, videos, webhooks
from tests.usecases.conftest import Owner

FIVE_SECONDS = timedelta(seconds=5)
SCHEDULE = Schedule(pauses=(FIVE_SECONDS,), lasts=timedelta(minutes=1))
AT_ONCE = Schedule(pauses=(timedelta(0),), lasts=timedelta(minutes=1))
ONE_TRY = Schedule(pauses=(FIVE_SECONDS,), lasts=timedelta(0))
LEASE = timedelta(minutes=1)
UNKNOWN = DeliveryId("0" * 26)


@dataclass(frozen=True)
class Post:
    """What an account does with its endpoints, and a worker with their deliveries."""

    database: Database
    owner: Owner

    async def endpoint(self, *types: EventType) -> Endpoint:
        endpoint, _ = await webhooks.create(
            self.database,
            account_id=self.owner.account_id,
            url="https://hooks.example/x",
            events=types or None,
            allow=(),
        )
        return endpoint

    async def retrieve(self, endpoint: Endpoint) -> Endpoint:
        return await webhooks.retrieve(self.database, endpoint.id, account_id=self.owner.account_id)

    async def end_a_video(self) -> Video:
        video = await self.owner.create()
        return await videos.cancel(self.database, video.id, account_id=self.owner.account_id)

    async def claim(self, *, most: int = 10, lease: timedelta = LEASE) -> list[HeldDelivery]:
        async with self.database.connection() as connection:
            return await rows.claim(
                connection,
                busy={},
                most=most,
                most_each=4,
                behind=EndpointId(""),
                hold_for=lease,
            )

    async def note(
        self,
        held: HeldDelivery,
        status: int | None,
        *,
        schedule: Schedule = SCHEDULE,
        retry_after: timedelta | None = None,
        duration: timedelta = timedelta(0),
    ) -> None:
        is_good = status is not None and status < 300
        attempt = DeliveryAttempt(
            at=held.held_at,
            status_code=status,
            error=None if is_good else f"status {status}",
            duration=duration,
            retry_after=retry_after,
        )
        await deliveries.note(self.database, held, attempt, schedule=schedule)

    async def log(self, endpoint: Endpoint) -> list[Delivery]:
        page = await deliveries.list_page(
            self.database,
            endpoint.id,
            account_id=self.owner.account_id,
            after=None,
            limit=100,
        )
        return list(page.deliveries)

    async def replay(self, delivery_id: DeliveryId) -> Delivery:
        return await deliveries.replay(self.database, delivery_id, account_id=self.owner.account_id)


@pytest.fixture
def post(database: Database, us: Owner) -> Post:
    return Post(database, us)


@pytest.fixture
def their_post(database: Database, them: Owner) -> Post:
    return Post(database, them)


async def test_every_endpoint_that_wants_the_event_gets_a_delivery_of_it(post: Post) -> None:
    first, second = await post.endpoint(), await post.endpoint(EventType.VIDEO_FAILED)
    await post.endpoint(EventType.VIDEO_COMPLETED)
    video = await post.end_a_video()
    claimed = await post.claim()
    assert {held.endpoint_id for held in claimed} == {first.id, second.id}
    assert {held.event.video_id for held in claimed} == {video.id}
    assert len({held.event.id for held in claimed}) == 1


async def test_anothers_endpoint_is_told_nothing(post: Post, their_post: Post) -> None:
    await their_post.endpoint()
    await post.end_a_video()
    assert await post.claim() == []


async def test_what_is_rolled_back_is_told_to_nobody(post: Post, database: Database) -> None:
    await post.endpoint()
    video = await post.end_a_video()
    await post.claim()
    with suppress(ZeroDivisionError):
        async with database.transaction() as connection:
            await events.record(connection, video)
            raise ZeroDivisionError
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from delivery") == 1


async def test_what_one_worker_holds_no_other_gets(post: Post) -> None:
    await post.endpoint()
    for _ in range(4):
        await post.end_a_video()
    hauls = await asyncio.gather(*(post.claim(most=1) for _ in range(6)))
    ids = [held.id for haul in hauls for held in haul]
    assert len(set(ids)) == len(ids)
    assert len(ids) + len(await post.claim()) == 4


async def test_a_worker_that_died_before_noting_leaves_the_delivery_to_the_next(post: Post) -> None:
    await post.endpoint()
    await post.end_a_video()
    (first,) = await post.claim(lease=timedelta(0))
    (second,) = await post.claim()
    assert second.id == first.id
    assert second.event.id == first.event.id


async def test_an_endpoint_has_no_more_than_its_share_in_hand(post: Post) -> None:
    busy, quiet = await post.endpoint(), await post.endpoint(EventType.VIDEO_FAILED)
    for _ in range(6):
        await post.end_a_video()
    async with post.database.connection() as connection:
        claimed = await rows.claim(
            connection,
            busy={busy.id: 3},
            most=10,
            most_each=4,
            behind=EndpointId(""),
            hold_for=LEASE,
        )
    counted = [held.endpoint_id for held in claimed]
    assert (counted.count(busy.id), counted.count(quiet.id)) == (1, 4)


async def test_endpoints_take_turns(post: Post) -> None:
    first, second = await post.endpoint(), await post.endpoint()
    for _ in range(5):
        await post.end_a_video()
    turns = []
    for behind in (first.id, second.id):
        async with post.database.connection() as connection:
            claimed = await rows.claim(
                connection, busy={}, most=2, most_each=2, behind=behind, hold_for=LEASE
            )
        turns.append({held.endpoint_id for held in claimed})
    assert turns == [{second.id}, {first.id}]


async def test_a_good_answer_ends_the_delivery(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.note(held, 204, duration=timedelta(milliseconds=7))
    (delivery,) = await post.log(endpoint)
    assert (delivery.status, delivery.next_at, delivery.failure) == ("delivered", None, None)
    (attempt,) = delivery.attempts
    assert (attempt.status_code, attempt.error) == (204, None)
    assert attempt.duration == timedelta(milliseconds=7)
    assert await post.claim(lease=timedelta(0)) == []


@pytest.mark.parametrize("status", [500, 301, 404, None])
async def test_after_a_bad_answer_the_delivery_waits(post: Post, status: int | None) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.note(held, status)
    (delivery,) = await post.log(endpoint)
    assert delivery.status is DeliveryStatus.PENDING
    assert delivery.attempts[0].error == f"status {status}"
    assert delivery.next_at is not None
    pause = delivery.next_at - delivery.attempts[0].ended_at
    assert FIVE_SECONDS <= pause <= FIVE_SECONDS * 1.1
    assert await post.claim() == []


async def test_the_next_attempt_knows_that_it_is_not_the_first(post: Post) -> None:
    await post.endpoint()
    await post.end_a_video()
    for tries in range(3):
        (held,) = await post.claim()
        assert held.tries == tries
        await post.note(held, 500, schedule=AT_ONCE)


async def test_when_its_time_is_up_it_has_failed_and_its_endpoint_is_disabled(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    await post.end_a_video()
    held, _ = await post.claim()
    await post.note(held, 503, schedule=ONE_TRY)
    failures = {delivery.failure for delivery in await post.log(endpoint)}
    reason = (await post.retrieve(endpoint)).disabled_reason
    assert reason is not None
    assert reason.endswith("The last attempt ended so: status 503")
    assert failures == {
        "Given up after attempt 1, which ended so: status 503",
        f"The endpoint was disabled. {reason}",
    }
    assert await post.claim() == []


async def test_an_endpoint_that_takes_other_events_is_not_disabled(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    await post.end_a_video()
    bad, good = await post.claim()
    await post.note(good, 200)
    await post.note(bad, 500, schedule=ONE_TRY)
    assert (await post.retrieve(endpoint)).disabled_reason is None
    statuses = {delivery.id: delivery.status for delivery in await post.log(endpoint)}
    assert statuses == {good.id: "delivered", bad.id: "failed"}


async def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.note(held, 410)
    assert "410" in ((await post.retrieve(endpoint)).disabled_reason or "")
    await post.end_a_video()
    assert len(await post.log(endpoint)) == 1, "a disabled endpoint gets no new deliveries"


async def test_an_endpoint_that_is_enabled_gets_events_again(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.note(held, 410)
    enabled = await webhooks.enable(post.database, endpoint.id, account_id=post.owner.account_id)
    assert enabled.disabled_reason is None
    await post.end_a_video()
    assert len(await post.claim()) == 1


@pytest.mark.parametrize("status", [200, 500])
async def test_a_replay_makes_the_same_delivery_due_with_all_its_time(
    post: Post, status: int
) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.note(held, status)
    replayed = await post.replay(held.id)
    assert (replayed.status, len(replayed.attempts)) == ("pending", 1)
    (again,) = await post.claim()
    assert (again.id, again.event, again.tries) == (held.id, held.event, 0)
    assert again.begun_at > held.begun_at
    await post.note(again, 200)
    assert len((await post.log(endpoint))[0].attempts) == 2


async def test_a_replay_takes_the_delivery_from_whoever_holds_it(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.replay(held.id)
    await post.note(held, 200)
    (delivery,) = await post.log(endpoint)
    assert delivery.status is DeliveryStatus.PENDING, "the replay is still to be sent"
    assert len(delivery.attempts) == 1, "the attempt was made all the same"


async def test_a_replay_to_a_disabled_endpoint_is_refused(post: Post) -> None:
    await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await post.note(held, 410)
    with pytest.raises(Conflict, match="enable it first"):
        await post.replay(held.id)


async def test_anothers_delivery_does_not_exist(post: Post, their_post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    for delivery_id in (held.id, UNKNOWN):
        with pytest.raises(DeliveryNotFound):
            await their_post.replay(delivery_id)
    with pytest.raises(WebhookNotFound):
        await their_post.log(endpoint)


async def test_an_endpoint_takes_its_deliveries_along_when_it_is_deleted(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await webhooks.delete(post.database, endpoint.id, account_id=post.owner.account_id)
    await post.note(held, 200)
    async with post.database.connection() as connection:
        assert await connection.fetchval("select count(*) from delivery") == 0
        assert await connection.fetchval("select count(*) from delivery_attempt") == 0


async def test_what_is_released_is_due_at_once(post: Post) -> None:
    await post.endpoint()
    await post.end_a_video()
    held = await post.claim()
    async with post.database.connection() as connection:
        await rows.release(connection, held)
    assert [each.id for each in await post.claim()] == [each.id for each in held]


async def test_pages_follow_each_other_newest_first(post: Post) -> None:
    endpoint = await post.endpoint()
    made = []
    for _ in range(3):
        made.append((await post.end_a_video()).id)
        await asyncio.sleep(0.002)  # ids of one millisecond have no order among themselves
    seen, after = [], None
    while True:
        page = await deliveries.list_page(
            post.database,
            endpoint.id,
            account_id=post.owner.account_id,
            after=after,
            limit=2,
        )
        seen += [delivery.event.video_id for delivery in page.deliveries]
        after = page.deliveries[-1].id
        if not page.has_more:
            break
    assert seen == made[::-1]


async def test_old_deliveries_are_forgotten_and_pending_ones_are_not(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    await post.end_a_video()
    done, _ = await post.claim()
    await post.note(done, 200)
    await deliveries.trim(post.database, keep_deliveries=timedelta(0))
    (left,) = await post.log(endpoint)
    assert left.status is DeliveryStatus.PENDING
    await deliveries.trim(post.database, keep_events=timedelta(0))
    assert await post.log(endpoint) == []


async def test_a_rotation_has_both_secrets_sign_for_a_while(post: Post, database: Database) -> None:
    account_id = post.owner.account_id
    endpoint, old = await webhooks.create(
        database, account_id=account_id, url="https://hooks.example/", events=None, allow=()
    )
    _, new = await webhooks.rotate(database, endpoint.id, account_id=account_id)
    await post.end_a_video()
    (held,) = await post.claim(lease=timedelta(0))
    assert held.secrets == (new, old)
    async with database.connection() as connection:
        await connection.execute("update webhook_endpoint set old_secret_until = now()")
    (held,) = await post.claim()
    assert held.secrets == (new,)


async def test_disabling_and_new_events_do_not_pass_each_other(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.end_a_video()
    (held,) = await post.claim()
    await asyncio.gather(post.note(held, 410), *(post.end_a_video() for _ in range(8)))
    assert (await post.retrieve(endpoint)).disabled_reason is not None
    assert {delivery.status for delivery in await post.log(endpoint)} == {DeliveryStatus.FAILED}


async def test_an_account_has_a_bounded_number_of_endpoints(post: Post) -> None:
    made = await asyncio.gather(
        *(post.endpoint() for _ in range(webhooks.ENDPOINT_LIMIT + 3)), return_exceptions=True
    )
    refused = [each for each in made if isinstance(each, Conflict)]
    assert len(refused) == 3
    listed = await webhooks.list_all(post.database, account_id=post.owner.account_id)
    assert len(listed) == webhooks.ENDPOINT_LIMIT


@pytest.mark.parametrize(
    "act", [webhooks.retrieve, webhooks.rotate, webhooks.enable, webhooks.delete]
)
async def test_anothers_endpoint_does_not_exist(
    act: object, post: Post, them: Owner, database: Database
) -> None:
    assert callable(act)
    endpoint = await post.endpoint()
    for endpoint_id in (endpoint.id, EndpointId("0" * 26)):
        with pytest.raises(WebhookNotFound):
            await act(database, endpoint_id, account_id=them.account_id)
    assert await post.retrieve(endpoint) == endpoint
