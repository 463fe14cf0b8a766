"""The state machine, driven by Hypothesis through every order of changes that anyone could make."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from filmgate.core.account import AccountId
from filmgate.core.errors import (
    EngineCrashed,
    EngineUnavailable,
    InvalidTransition,
)
from filmgate.core.retrying import CRASH_LIMIT, LOST_LIMIT, UNAVAILABLE_LIMIT
from filmgate.core.spec import ObjectKey, Size, VideoSpec
from filmgate.core.video import (
    Asset,
    Dialect,
    Failure,
    Status,
    Video,
    VideoId,
    moment_of,
    new_video_id,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ASSET = Asset(key=ObjectKey("videos/x/1/video.mp4"), size_bytes=1, duration=8.0)
SPEC = VideoSpec(model="sora-2", engine="scenes", prompt="A cat", size=Size(1280, 720), seconds=8)


def queued() -> Video:
    return Video(
        id=new_video_id(NOON),
        account_id=AccountId(1),
        dialect=Dialect.OPENAI,
        spec=SPEC,
        created_at=NOON,
        price_per_second=40_000,
    )


class Life(RuleBasedStateMachine):
    """Whatever is tried in whatever order, a video's promises hold."""

    @initialize()
    def accept(self) -> None:
        self.now = NOON
        self.video = queued()
        self.before = self.video

    def change(self, after: Video) -> None:
        self.before, self.video = self.video, after
        self.now += timedelta(seconds=1)

    @rule()
    @precondition(lambda self: self.video.status is Status.QUEUED)
    def claim(self) -> None:
        self.change(self.video.claim(at=self.now))
        assert self.video.attempt == self.before.attempt + 1

    @rule()
    @precondition(lambda self: self.video.status is Status.IN_PROGRESS)
    def take_over(self) -> None:
        self.change(self.video.take_over(at=self.now))
        assert self.video.lost_count == self.before.lost_count + 1
        is_last_straw = self.video.lost_count == LOST_LIMIT
        assert self.video.status is (Status.FAILED if is_last_straw else Status.IN_PROGRESS)
        assert self.video.attempt == self.before.attempt + (not is_last_straw)

    @rule(percent=st.floats(-10, 200))
    @precondition(lambda self: self.video.status is Status.IN_PROGRESS)
    def advance(self, percent: float) -> None:
        self.change(self.video.advance(percent))

    @rule(error=st.sampled_from([EngineUnavailable("away"), EngineCrashed("broken")]))
    @precondition(lambda self: self.video.status is Status.IN_PROGRESS)
    def give_up(self, error: EngineUnavailable) -> None:
        self.change(self.video.give_up(error, at=self.now))
        assert self.video.lost_count == 0
        counts = (self.video.unavailable_count, self.video.crash_count)
        is_last = counts[0] >= UNAVAILABLE_LIMIT or counts[1] >= CRASH_LIMIT
        assert self.video.status is (Status.FAILED if is_last else Status.QUEUED)

    @rule()
    @precondition(lambda self: self.video.status is Status.IN_PROGRESS)
    def hand_back(self) -> None:
        self.change(self.video.hand_back())
        assert self.video.unavailable_count == self.before.unavailable_count

    @rule()
    @precondition(lambda self: self.video.status is Status.IN_PROGRESS)
    def complete(self) -> None:
        self.change(self.video.complete(ASSET, at=self.now, keep_for=DAY))

    @rule()
    @precondition(lambda self: not self.video.status.is_terminal)
    def fail(self) -> None:
        self.change(self.video.fail(Failure("engine_failed", "no"), at=self.now))

    @rule()
    @precondition(lambda self: not self.video.status.is_terminal)
    def cancel(self) -> None:
        self.change(self.video.cancel(at=self.now))

    @rule()
    @precondition(lambda self: self.video.deleted_at is None)
    def delete(self) -> None:
        self.change(self.video.delete(at=self.now))

    @rule()
    @precondition(lambda self: self.video.status.is_terminal)
    def nothing_moves_a_finished_video(self) -> None:
        changes: tuple[Callable[[], Video], ...] = (
            partial(self.video.claim, at=self.now),
            partial(self.video.advance, 50),
            partial(self.video.take_over, at=self.now),
            partial(self.video.give_up, EngineUnavailable("away"), at=self.now),
            self.video.hand_back,
            partial(self.video.complete, ASSET, at=self.now, keep_for=DAY),
            partial(self.video.fail, Failure("engine_failed", "no"), at=self.now),
            partial(self.video.cancel, at=self.now),
        )
        for change in changes:
            with pytest.raises(InvalidTransition):
                change()

    @invariant()
    def progress_only_grows_and_100_means_completed(self) -> None:
        assert self.video.progress >= self.before.progress
        assert (self.video.progress == 100) == (self.video.status is Status.COMPLETED)

    @invariant()
    def a_file_belongs_to_completed_and_a_reason_to_failed(self) -> None:
        status = self.video.status
        assert (self.video.asset is not None) == (status is Status.COMPLETED)
        assert (self.video.expires_at is not None) == (status is Status.COMPLETED)
        failed = status in (Status.FAILED, Status.CANCELLED)
        assert (self.video.failure is not None) == failed
        assert (self.video.completed_at is not None) == status.is_terminal

    @invariant()
    def a_deleted_video_has_stopped(self) -> None:
        assert self.video.deleted_at is None or self.video.status.is_terminal

    @invariant()
    def it_is_charged_when_it_has_ended_and_never_more_than_was_held_back(self) -> None:
        assert (self.video.charge is not None) == self.video.status.is_terminal
        assert 0 <= (self.video.charge or 0) <= self.video.reserved
        if self.video.status in (Status.FAILED, Status.CANCELLED):
            assert self.video.charge == 0

    @invariant()
    def it_started_once(self) -> None:
        if self.before.started_at is not None:
            assert self.video.started_at == self.before.started_at


TestLife = Life.TestCase


@pytest.mark.parametrize(
    "change",
    [
        lambda video: video.advance(50),
        lambda video: video.take_over(at=NOON),
        lambda video: video.give_up(EngineUnavailable("away"), at=NOON),
        lambda video: video.hand_back(),
        lambda video: video.complete(ASSET, at=NOON, keep_for=DAY),
    ],
)
def test_a_waiting_video_cannot_skip_its_start(change: Callable[[Video], Video]) -> None:
    with pytest.raises(InvalidTransition, match="A video that is queued cannot be"):
        change(queued())


def test_a_video_cannot_be_deleted_twice() -> None:
    with pytest.raises(InvalidTransition, match="already been deleted"):
        queued().delete(at=NOON).delete(at=NOON)


def test_a_video_expires_with_the_second_that_it_names() -> None:
    done = queued().claim(at=NOON).complete(ASSET, at=NOON, keep_for=DAY)
    assert not done.is_expired(at=NOON + DAY - timedelta(microseconds=1))
    assert done.is_expired(at=NOON + DAY)
    assert not replace(done, expires_at=None).is_expired(at=NOON + DAY)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=20, unique=True))
def test_ids_sort_by_the_millisecond_in_which_they_were_made(offsets: list[int]) -> None:
    made = [new_video_id(NOON + timedelta(milliseconds=offset)) for offset in sorted(offsets)]
    assert made == sorted(made)


def test_an_id_is_26_letters_of_crockford_base32_and_never_the_same() -> None:
    ids = {new_video_id(NOON) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(set(VideoId(i)) <= set("0123456789abcdefghjkmnpqrstvwxyz") for i in ids)
    assert {len(i) for i in ids} == {26}


def test_the_moment_of_an_id_is_when_it_was_made() -> None:
    moment = datetime(2026, 9, 24, 12, 30, 15, 250_000, tzinfo=UTC)
    assert moment_of(new_video_id(moment)) == moment


def test_an_id_that_cannot_be_ours_has_a_moment_too() -> None:
    assert moment_of(VideoId("7" + "z" * 25)).year == 9999
