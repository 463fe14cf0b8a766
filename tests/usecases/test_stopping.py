"""What goes on elsewhere ends with the videos that nobody wants any more."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt, RenderedFile, Token
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Video
from filmgate.database import videos as rows
from filmgate.usecases import rendering, stopping, videos
from tests.claiming import begin, complete
from tests.usecases.conftest import SPEC, Owner

NO_TIME = timedelta(0)
TOKEN = {"intent": "k", "id": "video_up0"}


@dataclass
class Elsewhere:
    """An engine that notes what it is told to forget, and that cannot stop the `stubborn` jobs."""

    is_away: bool = False
    stubborn: set[str] = field(default_factory=set)
    forgotten: list[Token] = field(default_factory=list)

    seats = None

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        raise EngineFailed("engine_failed", "This engine renders nothing.")

    async def forget(self, token: Token) -> None:
        if self.is_away or token.get("id") in self.stubborn:
            raise EngineUnavailable("The upstream is away.")
        self.forgotten.append(token)

    async def check(self) -> None:
        """Always ready."""

    async def aclose(self) -> None:
        """Nothing to release."""


@pytest.fixture
def engine() -> Elsewhere:
    return Elsewhere()


async def begun(us: Owner, token: Token = TOKEN) -> Video:
    """A video in progress whose engine has left a resume point."""
    video = await begin(us.database, (await us.create()).id)
    async with us.database.connection() as connection:
        assert await rows.save_token(connection, video.id, attempt=video.attempt, token=token)
    return video


async def cancelled(us: Owner, token: Token = TOKEN) -> Video:
    video = await begun(us, token)
    await videos.cancel(us.database, video.id, account_id=us.account_id)
    return video


async def stop_all(us: Owner, engine: Elsewhere, quiet_for: timedelta = NO_TIME) -> int:
    return await stopping.stop_unwanted(
        us.database, {SPEC.engine: engine}, quiet_for=quiet_for, again_after=NO_TIME
    )


async def test_a_cancelled_videos_engine_is_told_once(us: Owner, engine: Elsewhere) -> None:
    await cancelled(us)
    assert await stop_all(us, engine) == 1
    assert await stop_all(us, engine) == 0
    assert engine.forgotten == [TOKEN]


async def test_so_is_a_deleted_ones(us: Owner, engine: Elsewhere) -> None:
    video = await begun(us)
    await videos.delete(us.database, video.id, account_id=us.account_id)
    assert await stop_all(us, engine) == 1


async def test_so_is_a_failed_ones(us: Owner, engine: Elsewhere) -> None:
    video = await begun(us)
    timeout = EngineFailed("engine_timeout", "It took too long.")
    await rendering.give_up(us.database, video, timeout, retry_delay=NO_TIME)
    assert await stop_all(us, engine) == 1


async def test_a_video_that_goes_on_or_is_done_is_left_alone(us: Owner, engine: Elsewhere) -> None:
    await begun(us)
    await rendering.hand_back(us.database, await begun(us))
    await complete(us.database, await begun(us))
    assert await stop_all(us, engine) == 0
    assert engine.forgotten == []


async def test_a_worker_has_time_to_note_what_it_was_doing(us: Owner, engine: Elsewhere) -> None:
    await cancelled(us)
    assert await stop_all(us, engine, quiet_for=timedelta(minutes=1)) == 0


async def test_an_upstream_that_is_away_is_told_later(us: Owner, engine: Elsewhere) -> None:
    await cancelled(us)
    engine.is_away = True
    assert await stop_all(us, engine) == 0
    engine.is_away = False
    assert await stop_all(us, engine) == 1


async def test_jobs_that_cannot_be_stopped_keep_no_other_from_it(
    us: Owner, engine: Elsewhere
) -> None:
    many = stopping.BATCH + 5
    engine.stubborn = {f"video_{number}" for number in range(many)}
    for number in range(many + 1):
        await cancelled(us, {"intent": "k", "id": f"video_{number}"})
    rounds = [await stop_all(us, engine) for _ in range(2)]
    assert rounds == [0, 1]
    assert engine.forgotten == [{"intent": "k", "id": f"video_{many}"}]


async def test_what_could_not_be_stopped_is_not_tried_again_at_once(
    us: Owner, engine: Elsewhere
) -> None:
    await cancelled(us)
    engines, engine.is_away = {SPEC.engine: engine}, True
    await stopping.stop_unwanted(us.database, engines, quiet_for=NO_TIME)
    engine.is_away = False
    assert await stopping.stop_unwanted(us.database, engines, quiet_for=NO_TIME) == 0
    assert engine.forgotten == []


async def test_engines_do_not_wait_for_each_other(us: Owner, engine: Elsewhere) -> None:
    video = await cancelled(us)
    async with us.database.connection() as connection:
        await connection.execute("update video set engine = 'other' where id = $1", video.id)
    for _ in range(stopping.BATCH):
        await cancelled(us)
    engines = {SPEC.engine: Elsewhere(is_away=True), "other": engine}
    assert await stopping.stop_unwanted(us.database, engines, quiet_for=NO_TIME) == 1
    assert engine.forgotten == [TOKEN]


async def test_a_job_that_another_video_follows_is_not_stopped(
    us: Owner, engine: Elsewhere
) -> None:
    job = {"intent": "k", "url": "https://videos.example.org", "id": "video_up0"}
    await begun(us, job)
    await cancelled(us, job)
    assert await stop_all(us, engine) == 1
    assert await stop_all(us, engine) == 0
    assert engine.forgotten == []


async def test_an_answer_that_comes_after_the_engine_was_told_is_dealt_with_too(
    us: Owner, engine: Elsewhere
) -> None:
    intent = {"intent": "k"}
    video = await cancelled(us, intent)
    assert await stop_all(us, engine) == 1
    async with us.database.connection() as connection:
        await rows.save_token(connection, video.id, attempt=video.attempt, token=TOKEN)
    assert await stop_all(us, engine) == 1
    assert engine.forgotten == [intent, TOKEN]


async def test_an_engine_that_is_not_there_any_more_keeps_nobody(us: Owner) -> None:
    await cancelled(us)
    assert await stopping.stop_unwanted(us.database, {}, quiet_for=NO_TIME) == 0


async def test_one_video_can_be_stopped_at_once(us: Owner, engine: Elsewhere) -> None:
    video, other = await cancelled(us), await begun(us)
    engines = {SPEC.engine: engine}
    assert await stopping.stop_one(us.database, engines, video_id=video.id)
    assert not await stopping.stop_one(us.database, engines, video_id=video.id)
    assert not await stopping.stop_one(us.database, engines, video_id=other.id)
    assert engine.forgotten == [TOKEN]
