"""What an account can do with its videos, and what it can never learn about another's."""

import asyncio

import pytest

from filmgate.core.account import AccountId, ApiKeyId, Caller
from filmgate.core.errors import InvalidTransition, NotFound, VideoNotFound
from filmgate.core.video import Dialect, Status, Video
from filmgate.database.connection import Database
from filmgate.usecases import videos
from tests.usecases.conftest import SPEC, Owner


async def waiting(database: Database) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.fetch("select id from video where status = 'queued'")
    return [row["id"] for row in rows]


async def test_a_created_video_is_read_back_whole_and_waits(us: Owner, database: Database) -> None:
    video = await us.create()
    found = await us.retrieve(video)
    assert found == video
    assert (found.status, found.spec, found.dialect) == (Status.QUEUED, SPEC, Dialect.RELAY)
    assert await waiting(database) == [video.id]


async def test_a_create_that_fails_leaves_no_row(database: Database) -> None:
    nobody = Owner(database, Caller(AccountId(999), ApiKeyId(1)))
    with pytest.raises(NotFound, match="no account number 999"):
        await nobody.create()
    assert await waiting(database) == []
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from video") == 0


@pytest.mark.parametrize("act", [videos.retrieve, videos.cancel, videos.delete])
async def test_another_accounts_video_does_not_exist(
    act: object, us: Owner, them: Owner, database: Database
) -> None:
    assert callable(act)
    video = await us.create()
    with pytest.raises(VideoNotFound) as of_ours:
        await act(database, video.id, account_id=them.account_id)
    with pytest.raises(VideoNotFound) as of_nobodys:
        await act(database, videos.new_id(), account_id=them.account_id)
    assert of_ours.value.message == of_nobodys.value.message
    assert (await us.retrieve(video)).status is Status.QUEUED


async def test_cancelling_stops_the_video_and_takes_its_job_away(
    us: Owner, database: Database
) -> None:
    video = await us.create()
    cancelled = await videos.cancel(database, video.id, account_id=us.account_id)
    assert cancelled.status is Status.CANCELLED
    assert (await us.retrieve(video)).failure == cancelled.failure
    assert await waiting(database) == []


async def test_a_cancelled_video_cannot_be_cancelled_again(us: Owner, database: Database) -> None:
    video = await us.create()
    await videos.cancel(database, video.id, account_id=us.account_id)
    with pytest.raises(InvalidTransition, match="cancelled already"):
        await videos.cancel(database, video.id, account_id=us.account_id)


async def test_of_twenty_cancels_at_once_one_wins(us: Owner, database: Database) -> None:
    video = await us.create()
    outcomes = await asyncio.gather(
        *(videos.cancel(database, video.id, account_id=us.account_id) for _ in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Video) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidTransition) for outcome in outcomes) == 19


async def test_a_deleted_video_is_gone_for_its_owner_too(us: Owner, database: Database) -> None:
    video = await us.create()
    await videos.delete(database, video.id, account_id=us.account_id)
    for act in (videos.retrieve, videos.cancel, videos.delete):
        with pytest.raises(VideoNotFound):
            await act(database, video.id, account_id=us.account_id)
    assert await waiting(database) == []


async def test_pages_follow_each_other_in_both_directions_without_strangers(
    us: Owner, them: Owner, database: Database
) -> None:
    made = []
    for _ in range(5):
        made.append((await us.create()).id)
        await them.create()
        await asyncio.sleep(0.002)  # ids of one millisecond have no order among themselves
    for newest_first in (True, False):
        expected = list(reversed(made)) if newest_first else made
        seen, after = [], None
        while True:
            page = await videos.list_page(
                database,
                account_id=us.account_id,
                after=after,
                limit=2,
                newest_first=newest_first,
            )
            seen += [video.id for video in page.videos]
            if not page.has_more:
                break
            after = page.videos[-1].id
        assert seen == expected


async def test_a_page_goes_on_behind_a_video_that_was_deleted(
    us: Owner, database: Database
) -> None:
    first, second = await us.create(), await us.create()
    oldest, newest = sorted((first.id, second.id))
    await videos.delete(database, newest, account_id=us.account_id)
    page = await videos.list_page(
        database, account_id=us.account_id, after=newest, limit=10, newest_first=True
    )
    assert [video.id for video in page.videos] == [oldest]
