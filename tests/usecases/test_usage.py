"""Usage: every video once, on its day and under its key, to the millisecond and the micro-unit."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from filmgate.core.errors import EngineFailed, NotFound
from filmgate.core.spec import ObjectKey, Source, SourceUse, VideoSpec
from filmgate.core.video import Video
from filmgate.database.connection import Database
from filmgate.database.usage import Part, Period, Usage, read
from filmgate.usecases import accounts, rendering, usage, videos
from tests.claiming import ASSET, begin, complete
from tests.usecases.conftest import SPEC, Owner

PRICE = 10_000
ALL = frozenset(Part)
TOTAL: frozenset[Part] = frozenset()


async def finish(
    us: Owner, *, seconds: float = 8.0, spec: VideoSpec = SPEC, price: int | None = PRICE
) -> Video:
    video = await begin(us.database, (await us.create(spec, price_per_second=price)).id)
    await complete(us.database, video, asset=replace(ASSET, duration=seconds))
    return video


async def date_back(us: Owner, video: Video, at: datetime) -> None:
    async with us.database.connection() as connection:
        await connection.execute("update video set created_at = $2 where id = $1", video.id, at)


async def rows(us: Owner, by: frozenset[Part] = TOTAL, **wishes: Any) -> tuple[Usage, ...]:
    return (await usage.report(us.database, by=by, **wishes)).rows


async def test_every_end_is_counted_under_its_own_name(us: Owner) -> None:
    await finish(us, seconds=5.5)
    failed = await begin(us.database, (await us.create(price_per_second=PRICE)).id)
    error = EngineFailed("engine_failed", "no")
    await rendering.give_up(us.database, failed, error, retry_delay=timedelta(0))
    cancelled = await us.create(price_per_second=PRICE)
    await videos.cancel(us.database, cancelled.id, account_id=us.account_id)
    await us.create(price_per_second=PRICE)
    (row,) = await rows(us)
    assert (row.created, row.completed, row.failed, row.cancelled) == (4, 1, 1, 1)
    assert (row.delivered, row.charge) == (timedelta(seconds=5.5), 55_000)
    assert (row.account, row.key, row.model, row.day) == (None, None, None, None)


async def test_a_deleted_video_was_used_all_the_same(us: Owner) -> None:
    video = await finish(us)
    await videos.delete(us.database, video.id, account_id=us.account_id)
    (row,) = await rows(us)
    assert (row.created, row.completed, row.charge) == (1, 1, 80_000)


async def test_of_an_extension_only_what_is_new_was_delivered(us: Owner) -> None:
    source = Source(use=SourceUse.EXTENSION, key=ObjectKey("videos/x/source.mp4"), duration=5.0)
    await finish(us, seconds=9.0, spec=replace(SPEC, seconds=9, source=source))
    edited = replace(source, use=SourceUse.EDIT)
    await finish(us, seconds=5.0, spec=replace(SPEC, seconds=5, source=edited))
    (row,) = await rows(us)
    assert (row.delivered, row.charge) == (timedelta(seconds=9), 90_000)


async def test_rows_are_what_was_asked_for_and_add_up_to_the_same(us: Owner, them: Owner) -> None:
    await finish(us)
    await finish(us, spec=replace(SPEC, model="sora-2-pro"))
    await finish(them, price=None)
    by_model = await rows(us, frozenset({Part.MODEL}))
    assert {(row.model, row.created, row.charge) for row in by_model} == {
        ("sora-2", 2, 80_000),
        ("sora-2-pro", 1, 80_000),
    }
    by_account = await rows(us, frozenset({Part.ACCOUNT}))
    assert [(row.account, row.created) for row in by_account] == [("ours", 2), ("theirs", 1)]
    for by in (TOTAL, ALL, frozenset({Part.DAY}), frozenset({Part.KEY, Part.DAY})):
        found = await rows(us, by)
        assert (sum(row.created for row in found), sum(row.charge for row in found)) == (3, 160_000)


async def test_keys_are_told_apart_within_their_account(database: Database, us: Owner) -> None:
    _, second = await accounts.create_key(database, account="ours", name="second")
    await us.create()
    await Owner(database, replace(us.caller, api_key_id=second.id)).create()
    older = await us.create()
    async with database.connection() as connection:
        await connection.execute("update video set api_key_id = null where id = $1", older.id)
    found = await rows(us, frozenset({Part.KEY}))
    assert [row.key and (row.key.id, row.key.name) for row in found] == [
        (us.caller.api_key_id, "test"),
        (second.id, "second"),
        None,
    ]
    assert found[1].key is not None
    assert found[1].key.hint == second.hint
    assert {row.account for row in found} == {"ours"}


async def test_a_day_is_one_of_utc_and_begins_at_midnight(us: Owner) -> None:
    for moment in (
        datetime(2026, 3, 1, tzinfo=UTC) - timedelta(microseconds=1),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 2, tzinfo=UTC) - timedelta(microseconds=1),
        datetime(2026, 3, 2, tzinfo=UTC),
    ):
        await date_back(us, await us.create(), moment)
    async with us.database.connection() as connection:
        name = await connection.fetchval("select current_database()")
        await connection.execute(f"alter database {name} set timezone = 'Asia/Tokyo'")
        await connection.execute("set timezone = 'Asia/Tokyo'")
    first = date(2026, 3, 1)
    found = await rows(us, frozenset({Part.DAY}), since=first, until=first)
    assert [(row.day, row.created) for row in found] == [(first, 2)]
    everything = await rows(
        us, frozenset({Part.DAY}), since=date(1, 1, 1), until=date(9999, 12, 31)
    )
    assert [(row.day and row.day.day, row.created) for row in everything] == [
        (28, 1),
        (1, 2),
        (2, 1),
    ]


async def test_thirty_days_are_looked_at_unless_others_are_named(us: Owner) -> None:
    today = datetime.now(UTC)
    for days in (0, 29, 30):
        await date_back(us, await us.create(), today - timedelta(days=days))
    report = await usage.report(us.database, by=TOTAL)
    assert report.period.until - report.period.since == timedelta(days=29)
    assert report.rows[0].created == 2
    early = await usage.report(us.database, by=TOTAL, until=date(1, 1, 5))
    assert (early.period.since, early.rows) == (date(1, 1, 1), ())


async def test_one_account_alone(us: Owner, them: Owner) -> None:
    await us.create()
    await them.create()
    (row,) = await rows(us, account="theirs")
    assert row.created == 1
    with pytest.raises(NotFound, match="Did you mean 'ours'"):
        await rows(us, account="our")


async def test_a_month_is_found_by_its_days_and_not_by_reading_every_video(us: Owner) -> None:
    async with us.database.connection() as connection:
        await connection.execute(
            """
            insert into video (id, account_id, dialect, model, engine, prompt, width, height, seconds,
                               created_at, status, failure_code)
            select lpad(n::text, 26, '0'), $1, 'openai', 'sora-2', 'scenes', 'A cat', 720, 1280, 4,
                   now() - n * interval '15 minutes', 'cancelled', 'cancelled'
            from generate_series(1, 50_000) as n
            """,
            us.account_id,
        )
        await connection.execute("analyze video")
    today = datetime.now(UTC).date()
    async with us.database.transaction() as connection:
        period = Period(today - timedelta(days=29), today)
        (row,) = await read(connection, period, by=TOTAL)
        scans = await connection.fetchrow(
            """
            select pg_stat_get_xact_numscans('video'::regclass) as by_reading_all,
                   pg_stat_get_xact_numscans('video_by_day'::regclass) as by_day
            """
        )
    assert scans["by_reading_all"] == 0
    assert scans["by_day"] > 0
    assert 29 * 96 <= row.created <= 30 * 96
