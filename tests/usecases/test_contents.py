"""Who may read a video's bytes: its account by key, anyone by a link, nobody once it is deleted."""

import pytest

from filmgate.core.errors import VideoNotFound
from filmgate.core.video import VideoId
from filmgate.database.connection import Database
from filmgate.usecases import contents, videos
from tests.usecases.conftest import Owner


async def test_a_video_is_seen_by_its_account_and_by_whoever_has_a_link(
    us: Owner, database: Database
) -> None:
    video = await us.create()
    sight = await contents.look(database, video.id)
    assert sight.own(us.account_id) == sight.linked() == await us.retrieve(video)


async def test_another_account_sees_nothing(us: Owner, them: Owner, database: Database) -> None:
    sight = await contents.look(database, (await us.create()).id)
    with pytest.raises(VideoNotFound):
        sight.own(them.account_id)


async def test_a_deleted_video_is_seen_by_nobody(us: Owner, database: Database) -> None:
    video = await us.create()
    await videos.delete(database, video.id, account_id=us.account_id)
    sight = await contents.look(database, video.id)
    with pytest.raises(VideoNotFound):
        sight.own(us.account_id)
    with pytest.raises(VideoNotFound, match="behind this link"):
        sight.linked()


async def test_of_a_video_that_never_was_the_moment_is_known_all_the_same(
    us: Owner, database: Database
) -> None:
    before = await database.now()
    sight = await contents.look(database, VideoId("0" * 26))
    assert before <= sight.at <= await database.now()
    with pytest.raises(VideoNotFound):
        sight.own(us.account_id)
