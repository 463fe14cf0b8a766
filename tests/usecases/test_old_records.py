"""Old records: which rows go in the end, and what is remembered all the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from filmgate.core.errors import EngineFailed, VideoNotFound
from filmgate.core.event import EventType
from filmgate.core.spec import ObjectKey, Source, SourceUse
from filmgate.core.video import Status, Video, new_video_id
from filmgate.core.webhook import Endpoint, EndpointId
from filmgate.database import deliveries, ledger, webhooks
from filmgate.database import videos as rows
from filmgate.database.ledger import EntryKind
from filmgate.database.usage import Part, Usage
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import orphans, ownership, rendering, retention, usage, videos
from tests.claiming import ASSET, begin, complete
from tests.usecases.conftest import SPEC, Owner

PRICE = 10_000
LONG_AGO = "91 days"
KEEP = timedelta(days=90)
ALL = frozenset(Part)


async def completed(us: Owner, *, seconds: float = 8.0) -> Video:
    video = await begin(us.database, (await us.create(price_per_second=PRICE)).id)
    await complete(us.database, video, asset=replace(ASSET, duration=seconds))
    return await us.retrieve(video)


async def failed(us: Owner) -> Video:
    video = await begin(us.database, (await us.create(price_per_second=PRICE)).id)
    error = EngineFailed("engine_failed", "no")
    await rendering.give_up(us.database, video, error, retry_delay=timedelta(0))
    return await us.retrieve(video)


async def age(us: Owner, *old: Video, by: str = LONG_AGO) -> None:
    """As if their objects had gone so long ago, and all before it had been as much earlier."""
    async with us.database.connection() as connection:
        await connection.execute(
            """
            update video set emptied_at = now() - $2::text::interval, completed_at = completed_at - $2::text::interval,
                             created_at = created_at - $2::text::interval
            where id = any($1::text[])
            """,
            [video.id for video in old],
            by,
        )


async def remove(us: Owner, *, batch: int = 100) -> int:
    return await retention.remove_old_records(
        us.database, keep_for=KEEP, batch=batch, pause=timedelta(0)
    )


async def is_known(us: Owner, video: Video) -> bool:
    try:
        await us.retrieve(video)
    except VideoNotFound:
        return False
    return True


async def used(us: Owner, by: frozenset[Part] = ALL) -> tuple[Usage, ...]:
    since = datetime.now(UTC).date() - timedelta(days=200)
    return (await usage.report(us.database, by=by, since=since)).rows


async def money(us: Owner) -> tuple[int, int]:
    """The balance, and what the entries come to."""
    async with us.database.connection() as connection:
        balance: int = await connection.fetchval(
            "select balance from account where id = $1", us.account_id
        )
        entries = await ledger.list_entries(connection, us.account_id, limit=100)
    return balance, sum(entry.amount for entry in entries)


async def event_count(us: Owner) -> int:
    async with us.database.connection() as connection:
        count: int = await connection.fetchval("select count(*) from event")
    return count


async def endpoint_of(us: Owner) -> EndpointId:
    endpoint = Endpoint(
        id=EndpointId(new_video_id(datetime.now(UTC))),
        account_id=us.account_id,
        url="https://hooks.example/",
        events=tuple(EventType),
        created_at=datetime.now(UTC),
        disabled_reason=None,
    )
    async with us.database.connection() as connection:
        assert await webhooks.insert(connection, endpoint, secret=b"secret", most=1)
    return endpoint.id


async def test_an_old_record_goes_with_its_events(us: Owner) -> None:
    old, young = await completed(us), await completed(us)
    await age(us, old)
    await age(us, young, by="89 days")
    assert await remove(us) == 1
    assert not await is_known(us, old)
    assert await is_known(us, young)
    assert await event_count(us) == 1


async def test_failed_cancelled_and_deleted_ones_go_as_well(us: Owner) -> None:
    cancelled, deleted = await us.create(), await completed(us)
    await videos.cancel(us.database, cancelled.id, account_id=us.account_id)
    await videos.delete(us.database, deleted.id, account_id=us.account_id)
    await age(us, await failed(us), cancelled, deleted)
    assert await remove(us) == 3


async def test_what_was_used_stays(us: Owner, them: Owner) -> None:
    old = [await completed(us, seconds=5.5), await failed(us), await completed(them)]
    source = Source(use=SourceUse.EXTENSION, key=ObjectKey("videos/x/source.mp4"), duration=5.0)
    extension = await us.create(
        replace(SPEC, seconds=9, source=source, model="sora-2-pro"), price_per_second=PRICE
    )
    running = await begin(us.database, extension.id)
    await complete(us.database, running, asset=replace(ASSET, duration=9.0))
    await completed(us)
    await age(us, *old, extension)
    before = await used(us), await used(us, frozenset()), await used(us, frozenset({Part.MODEL}))
    assert await remove(us) == 4
    after = await used(us), await used(us, frozenset()), await used(us, frozenset({Part.MODEL}))
    assert after == before
    assert after[1][0].created == 5


async def test_what_goes_later_is_added_to_what_went_before(us: Owner) -> None:
    for _ in range(2):
        video = await completed(us)
        await age(us, video)
        async with us.database.connection() as connection:
            await connection.execute("update video set api_key_id = null where id = $1", video.id)
        assert await remove(us) == 1
    (row,) = await used(us)
    assert (row.key, row.created, row.completed, row.charge) == (None, 2, 2, 160_000)


async def test_money_adds_up_afterwards(us: Owner) -> None:
    async with us.database.transaction() as connection:
        await ledger.write(connection, us.account_id, kind=EntryKind.GRANT, amount=1_000_000)
    await age(us, await completed(us), await failed(us))
    before = await money(us)
    assert await remove(us) == 2
    assert await money(us) == before == (920_000, 920_000)


async def test_many_go_batch_by_batch(us: Owner) -> None:
    await age(us, *[await failed(us) for _ in range(5)])
    assert await remove(us, batch=2) == 5
    assert await remove(us, batch=2) == 0


async def test_a_locked_one_comes_next_time_and_keeps_nobody_waiting(us: Owner) -> None:
    locked, other = await completed(us), await completed(us)
    await age(us, locked, other)
    async with us.database.transaction() as connection:
        await rows.lock(connection, locked.id)
        assert await remove(us) == 1
    assert await is_known(us, locked)
    assert await remove(us) == 1


async def test_what_has_still_objects_stays(us: Owner) -> None:
    video = await completed(us)
    await age(us, video)
    async with us.database.connection() as connection:
        await connection.execute("update video set emptied_at = null")
    assert await remove(us) == 0


async def test_what_is_unfinished_stays_however_old(us: Owner) -> None:
    waiting, running = await us.create(), await us.create()
    await begin(us.database, running.id)
    async with us.database.connection() as connection:
        await connection.execute("update video set created_at = now() - interval '1 year'")
    assert await remove(us) == 0
    assert {(await us.retrieve(each)).status for each in (waiting, running)} == {
        Status.QUEUED,
        Status.IN_PROGRESS,
    }


@pytest.mark.parametrize(
    ("token", "gone"),
    [
        ({"url": "https://up", "id": "1"}, 0),
        ({"url": "https://up", "id": "1", "told": "yes"}, 1),
    ],
)
async def test_one_whose_job_elsewhere_has_still_to_be_stopped_stays(
    us: Owner, token: dict[str, str], gone: int
) -> None:
    video = await begin(us.database, (await us.create()).id)
    async with us.database.connection() as connection:
        assert await rows.save_token(connection, video.id, attempt=1, token=token)
    await videos.cancel(us.database, video.id, account_id=us.account_id)
    async with us.database.connection() as connection:
        await connection.execute("update video set emptied_at = now() - interval '91 days'")
    assert await remove(us) == gone


async def test_one_of_which_a_webhook_has_still_to_tell_stays(us: Owner) -> None:
    await endpoint_of(us)
    video = await completed(us)
    await age(us, video)
    assert await remove(us) == 0
    async with us.database.connection() as connection:
        (held,) = await deliveries.claim(
            connection, busy={}, most=1, most_each=1, behind=EndpointId(""), hold_for=KEEP
        )
        await deliveries.mark_delivered(connection, held, at=held.held_at)
    assert await remove(us) == 1


async def test_its_place_in_the_list_can_still_be_followed(us: Owner) -> None:
    made = [await completed(us) for _ in range(3)]
    await age(us, made[0])
    assert await remove(us) == 1
    page = await videos.list_page(
        us.database, account_id=us.account_id, after=made[0].id, limit=5, newest_first=False
    )
    assert [video.id for video in page.videos] == [made[1].id, made[2].id]


async def test_a_store_is_swept_as_before(us: Owner, store: LocalObjectStore) -> None:
    await ownership.claim(us.database, store)
    video = await completed(us)
    await store.put_bytes(ObjectKey(f"videos/{video.id}/1/video.mp4"), b"film")
    await age(us, video)
    assert await orphans.remove_orphans(us.database, store=store, older_than=timedelta(0)) == 1
    assert await remove(us) == 1
    assert await orphans.remove_orphans(us.database, store=store, older_than=timedelta(0)) == 0
