"""A job elsewhere is one video's, whoever asks, and whatever became of that video."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.submission import WITHDRAWN, Submission, Terms
from filmgate.core.video import Video
from filmgate.database import resume_points
from filmgate.database import videos as rows
from filmgate.usecases import rendering, videos
from filmgate.worker.attempt import HeldAttempt
from tests.claiming import begin, complete
from tests.eventually import eventually
from tests.worker.conftest import SPEC, Scene

URL = "https://videos.example.org"
JOB = "video_up0"
INTENT = Submission(
    terms=Terms(upstream="cloud", url=URL, can_list=True),
    key="k",
    intended_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    is_doubtful=True,
)
FOUND = INTENT.found(JOB).to_token()
LOST = EngineFailed("upstream_submission_unknown", "Nobody knows.")


def attempt_at(scene: Scene, video: Video) -> HeldAttempt:
    return HeldAttempt(video=video, shop=scene.workshop, token=None)


async def held(scene: Scene, *tokens: Token, prompt: str = "A cat") -> HeldAttempt:
    """The first attempt at a new video, after these saves."""
    created = await scene.create(replace(SPEC, engine="cloud"), prompt=prompt)
    attempt = attempt_at(scene, await begin(scene.database, created.id))
    for token in tokens:
        await attempt.save(token)
    return attempt


async def looking(scene: Scene) -> HeldAttempt:
    return await held(scene, INTENT.sought().to_token())


async def kept(scene: Scene, attempt: HeldAttempt) -> Token | None:
    async with scene.database.connection() as connection:
        return await rows.read_token(connection, attempt.video.id)


async def test_of_several_claims_to_one_job_one_succeeds(scene: Scene) -> None:
    attempts = [await looking(scene) for _ in range(5)]
    claims = await asyncio.gather(*(each.claim(FOUND) for each in attempts))
    assert sum(claims) == 1
    [winner] = [each for each, is_its in zip(attempts, claims, strict=True) if is_its]
    assert await kept(scene, winner) == winner.token == FOUND


async def test_a_claim_waits_for_one_that_is_being_committed(scene: Scene) -> None:
    first, second = await looking(scene), await looking(scene)
    async with asyncio.TaskGroup() as life, scene.database.transaction() as connection:
        await resume_points.lock_job(connection, FOUND)
        claim = life.create_task(second.claim(FOUND))
        await eventually(lambda: is_waited_for(scene))
        assert await rows.save_token(connection, first.video.id, attempt=1, token=FOUND)
    assert not claim.result()


async def is_waited_for(scene: Scene) -> bool:
    async with scene.database.connection() as connection:
        waits: bool = await connection.fetchval(
            """
            select exists (select from pg_locks join pg_database on pg_database.oid = database
                           where datname = current_database() and not granted)
            """
        )
    return waits


async def test_a_claim_may_be_made_again(scene: Scene) -> None:
    attempt = await looking(scene)
    assert [await attempt.claim(FOUND) for _ in range(2)] == [True, True]


async def fail(scene: Scene, attempt: HeldAttempt) -> None:
    await rendering.give_up(scene.database, attempt.video, LOST, retry_delay=timedelta(0))


async def cancel(scene: Scene, attempt: HeldAttempt) -> None:
    await videos.cancel(scene.database, attempt.video.id, account_id=scene.account_id)


async def deliver(scene: Scene, attempt: HeldAttempt) -> None:
    assert await complete(scene.database, attempt.video)


async def be_stopped(scene: Scene, attempt: HeldAttempt) -> None:
    await cancel(scene, attempt)
    async with scene.database.connection() as connection:
        point = await resume_points.unwanted_of(connection, attempt.video.id)
        assert point is not None
        await resume_points.note_told(connection, point)


@pytest.mark.parametrize("end", [fail, cancel, deliver, be_stopped])
async def test_a_job_stays_its_videos_when_that_has_ended(
    scene: Scene, end: Callable[[Scene, HeldAttempt], Awaitable[None]]
) -> None:
    await end(scene, await held(scene, INTENT.to_token(), FOUND))
    other = await looking(scene)
    assert await other.unclaimed(URL, [JOB, "video_up1"]) == ["video_up1"]
    assert not await other.claim(FOUND)


async def test_the_same_id_at_another_upstream_is_another_job(scene: Scene) -> None:
    elsewhere = replace(INTENT, terms=replace(INTENT.terms, url="https://other.example.org"))
    await held(scene, INTENT.to_token(), elsewhere.found(JOB).to_token())
    attempt = await looking(scene)
    assert await attempt.unclaimed(URL, [JOB]) == [JOB]
    assert await attempt.claim(FOUND)


async def test_nothing_is_claimed_while_a_twin_may_be_given_it(scene: Scene) -> None:
    twin, attempt = await held(scene, INTENT.to_token()), await looking(scene)
    assert not await attempt.claim(FOUND)
    await twin.save(FOUND)
    assert not await attempt.claim(FOUND)


@pytest.mark.parametrize("token", [WITHDRAWN, INTENT.sought().to_token()])
async def test_a_twin_that_will_be_given_nothing_keeps_nobody(scene: Scene, token: Token) -> None:
    await held(scene, INTENT.to_token(), token)
    assert await (await looking(scene)).claim(FOUND)


async def test_a_twin_that_has_ended_without_an_answer_keeps_nobody(scene: Scene) -> None:
    await cancel(scene, await held(scene, INTENT.to_token()))
    assert await (await looking(scene)).claim(FOUND)


async def test_a_video_with_another_prompt_is_no_twin(scene: Scene) -> None:
    await held(scene, INTENT.to_token(), prompt="A dog")
    assert await (await looking(scene)).claim(FOUND)


async def test_a_superseded_attempt_claims_nothing(scene: Scene) -> None:
    attempt = await looking(scene)
    await begin(scene.database, attempt.video.id)
    with pytest.raises(EngineUnavailable, match="superseded"):
        await attempt.claim(FOUND)


async def superseded(scene: Scene) -> tuple[HeldAttempt, HeldAttempt]:
    """One that was paused while it posted, and the one that goes on."""
    attempt = await held(scene, INTENT.to_token())
    return attempt, attempt_at(scene, await begin(scene.database, attempt.video.id))


async def hear_late(attempt: HeldAttempt) -> None:
    with pytest.raises(EngineUnavailable, match="superseded"):
        await attempt.save(FOUND)


async def test_what_a_superseded_attempt_hears_late_is_kept(scene: Scene) -> None:
    paused, successor = await superseded(scene)
    await hear_late(paused)
    assert await kept(scene, successor) == FOUND


async def test_a_job_that_is_heard_of_after_the_end_can_be_stopped(scene: Scene) -> None:
    paused, successor = await superseded(scene)
    await fail(scene, successor)
    await hear_late(paused)
    async with scene.database.connection() as connection:
        point = await resume_points.unwanted_of(connection, successor.video.id)
    assert point is not None
    assert point.token == FOUND


async def test_what_is_heard_late_replaces_no_other_job(scene: Scene) -> None:
    paused, successor = await superseded(scene)
    other = INTENT.found("video_up1").to_token()
    await successor.save(other)
    await hear_late(paused)
    assert await kept(scene, successor) == other


async def test_a_look_up_replaces_no_job_that_was_heard_of_late(scene: Scene) -> None:
    paused, successor = await superseded(scene)
    await hear_late(paused)
    assert not await successor.claim(INTENT.found("video_up1").to_token())


async def test_what_is_heard_late_is_left_to_the_video_that_has_taken_it(scene: Scene) -> None:
    paused, successor = await superseded(scene)
    sought = INTENT.sought().to_token()
    await successor.save(sought)
    assert await (await looking(scene)).claim(FOUND)
    await hear_late(paused)
    assert await kept(scene, successor) == sought
