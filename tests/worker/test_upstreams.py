"""A real worker, the real engine and an upstream on loopback: what the row makes of every interruption."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from filmgate.core.submission import Submission, Terms
from filmgate.core.video import Status, Video
from filmgate.database import videos as rows
from filmgate.engines.upstream.calls import Patience
from filmgate.engines.videos_api.engine import Contract, VideosApiEngine
from filmgate.usecases import stopping, videos
from tests.claiming import begin
from tests.eventually import eventually
from tests.upstream_server import Fault, UpstreamServer
from tests.worker.conftest import SPEC, Scene

SOON = timedelta(milliseconds=20)


@pytest.fixture
async def upstream(scene: Scene, sample: Path) -> AsyncIterator[UpstreamServer]:
    """The scene's worker has it for its only engine."""
    with UpstreamServer(sample.read_bytes()) as server:  # noqa: ASYNC240 - before anything runs
        engine = VideosApiEngine(
            Contract(terms=Terms(upstream="cloud", url=server.url)),
            secrets={},
            patience=Patience(first_look=SOON, longest_pause=SOON),
        )
        scene.workshop = replace(scene.workshop, engines={"cloud": engine})
        yield server
        await engine.aclose()


@pytest.fixture
async def listing(scene: Scene, upstream: UpstreamServer) -> AsyncIterator[UpstreamServer]:
    """An upstream whose list tells what became of a post."""
    upstream.lists = True
    terms = Terms(upstream="cloud", url=upstream.url, can_list=True)
    patience = Patience(first_look=SOON, longest_pause=SOON, look_up_pauses=(SOON, SOON))
    engine = VideosApiEngine(Contract(terms=terms), secrets={}, patience=patience)
    scene.workshop = replace(scene.workshop, engines={"cloud": engine})
    yield upstream
    await engine.aclose()


async def create(scene: Scene) -> Video:
    return await scene.create(replace(SPEC, engine="cloud"))


async def token_of(scene: Scene, video: Video) -> Submission:
    async with scene.database.connection() as connection:
        found = Submission.from_token(await rows.read_token(connection, video.id))
    assert found is not None
    return found


async def stop_unwanted(scene: Scene) -> int:
    """What the periodic job does, without the wait."""
    return await stopping.stop_unwanted(
        scene.database, scene.workshop.engines, quiet_for=timedelta(0)
    )


async def test_a_video_is_made_elsewhere(scene: Scene, upstream: UpstreamServer) -> None:
    async with scene.worker():
        video = await scene.ended(await create(scene))
    assert (video.status, video.attempt) == (Status.COMPLETED, 1)
    assert len(upstream.paid) == 1


async def test_a_worker_that_leaves_while_it_posts_hands_the_answer_over(
    scene: Scene, upstream: UpstreamServer
) -> None:
    upstream.faults = [Fault.LATE]
    async with scene.worker():
        video = await create(scene)
        await asyncio.to_thread(upstream.created.wait, 5)
        assert (await token_of(scene, video)).upstream_id is None
        asyncio.get_running_loop().call_later(0.2, upstream.hurry.set)
    assert (await scene.retrieve(video)).status is Status.QUEUED
    assert (await token_of(scene, video)).upstream_id == "video_up0"
    async with scene.worker():
        assert (await scene.ended(video)).status is Status.COMPLETED
    assert (upstream.creates, upstream.stopped) == (1, [])


async def test_a_worker_that_dies_while_it_posts_leaves_a_doubt_that_nobody_pays_for(
    scene: Scene, upstream: UpstreamServer
) -> None:
    video = await begin(scene.database, (await create(scene)).id)
    terms = Terms(upstream="cloud", url=upstream.url)
    intent = Submission(terms=terms, key="k", intended_at=video.created_at)
    async with scene.database.connection() as connection:
        await rows.save_token(connection, video.id, attempt=video.attempt, token=intent.to_token())
    await scene.silence(video)
    async with scene.worker():
        ended = await scene.ended(video)
    assert ended.failure is not None
    assert ended.failure.code == "upstream_submission_unknown"
    assert upstream.creates == 0


async def test_a_worker_that_leaves_while_it_follows_leaves_the_job_alone(
    scene: Scene, upstream: UpstreamServer
) -> None:
    upstream.looks_needed = 10_000
    async with scene.worker():
        video = await create(scene)
        await asyncio.to_thread(upstream.looked_at.wait, 5)
    assert await stop_unwanted(scene) == 0
    upstream.looks_needed = 0
    async with scene.worker():
        assert (await scene.ended(video)).status is Status.COMPLETED
    assert (upstream.creates, upstream.stopped) == (1, [])


async def test_a_worker_that_lost_the_video_leaves_the_job_to_its_successor(
    scene: Scene, upstream: UpstreamServer
) -> None:
    upstream.looks_needed = 10_000
    async with scene.worker():
        video = await create(scene)
        await asyncio.to_thread(upstream.looked_at.wait, 5)
        async with scene.database.connection() as connection:
            await connection.execute("update video set attempt = attempt + 1")

        [job] = upstream.paid

        async def has_let_go() -> bool:
            looks = job.looks
            await asyncio.sleep(0.5)  # it looks ten times a second
            return job.looks == looks

        await eventually(has_let_go, within=30)
    assert await stop_unwanted(scene) == 0
    upstream.looks_needed = 0
    async with scene.worker():
        assert (await scene.ended(video)).status is Status.COMPLETED
    assert (upstream.creates, upstream.stopped) == (1, [])


async def test_a_cancelled_videos_job_is_stopped(scene: Scene, upstream: UpstreamServer) -> None:
    upstream.looks_needed = 10_000
    async with scene.worker():
        video = await create(scene)
        await asyncio.to_thread(upstream.looked_at.wait, 5)
        await videos.cancel(scene.database, video.id, account_id=scene.account_id)

        async def is_stopped() -> bool:
            return upstream.stopped == ["video_up0"]

        await eventually(is_stopped)


async def test_a_failed_videos_job_is_stopped_however_long_the_upstream_takes(
    scene: Scene, upstream: UpstreamServer
) -> None:
    """The worker hears meanwhile that the video is its own no more, from itself."""
    upstream.failure, upstream.stops_late = ("engine_failed", "No."), True
    async with scene.worker():
        video = await scene.ended(await create(scene))
        await asyncio.to_thread(upstream.asked_to_stop.wait, 5)
        asyncio.get_running_loop().call_later(1, upstream.hurry.set)

        async def is_told() -> bool:
            async with scene.database.connection() as connection:
                return "told" in (await rows.read_token(connection, video.id) or {})

        await eventually(is_told)
    assert (video.status, upstream.stopped) == (Status.FAILED, ["video_up0"])


async def test_a_video_cancelled_while_it_is_posted_is_stopped_once_its_id_is_known(
    scene: Scene, upstream: UpstreamServer
) -> None:
    upstream.faults = [Fault.LATE]
    async with scene.worker():
        video = await create(scene)
        await asyncio.to_thread(upstream.created.wait, 5)
        await videos.cancel(scene.database, video.id, account_id=scene.account_id)
        # What is known so far is dealt with, and the answer still finds its place.
        assert await stop_unwanted(scene) == 1
        upstream.hurry.set()

        async def is_known() -> bool:
            return (await token_of(scene, video)).upstream_id is not None

        await eventually(is_known)
        await stop_unwanted(scene)
    assert upstream.stopped == ["video_up0"]


async def test_another_videos_job_is_neither_delivered_nor_stopped(
    scene: Scene, listing: UpstreamServer
) -> None:
    async with scene.worker():
        first = await scene.ended(await create(scene))
        listing.faults = [Fault.DROP_BEFORE]
        second = await scene.ended(await create(scene))
    assert first.status is Status.COMPLETED
    assert second.failure is not None
    assert second.failure.code == "upstream_submission_unknown"
    await videos.delete(scene.database, second.id, account_id=scene.account_id)
    await stop_unwanted(scene)
    assert (len(listing.paid), listing.stopped) == (1, [])


async def test_of_two_videos_in_doubt_one_gets_the_only_job(
    scene: Scene, listing: UpstreamServer
) -> None:
    listing.faults = [Fault.DROP_AFTER, Fault.DROP_BEFORE]
    async with scene.worker(), scene.worker():
        ends = [await scene.ended(each) for each in [await create(scene), await create(scene)]]
    assert sorted(each.status for each in ends) == [Status.COMPLETED, Status.FAILED]
    assert (listing.creates, len(listing.paid)) == (2, 1)


async def test_an_upstream_that_is_full_is_asked_again_without_the_video_being_blamed(
    scene: Scene, upstream: UpstreamServer
) -> None:
    upstream.faults = [Fault.TOO_MANY]
    async with scene.worker():
        video = await scene.ended(await create(scene))
    assert (video.status, video.attempt) == (Status.COMPLETED, 2)
    assert (video.unavailable_count, upstream.creates, len(upstream.paid)) == (0, 2, 1)


async def test_two_workers_share_the_videos_of_an_upstream_and_pay_for_each_once(
    scene: Scene, upstream: UpstreamServer
) -> None:
    made = [await create(scene) for _ in range(20)]
    async with scene.worker(), scene.worker():
        ends = [await scene.ended(video, within=60) for video in made]
    assert {video.status for video in ends} == {Status.COMPLETED}
    assert (upstream.creates, len(upstream.paid)) == (20, 20)
