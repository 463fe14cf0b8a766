"""What is told of videos, attempts and deliveries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from filmgate.core.account import AccountId
from filmgate.core.errors import EngineCrashed, EngineError, EngineFailed, EngineUnavailable
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video, new_video_id
from filmgate.core.webhook import DeliveryAttempt, DeliveryId, EndpointId, HeldDelivery
from filmgate.metrics import counts
from filmgate.usecases import counting
from tests.claiming import ASSET, DAY

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def video(request: pytest.FixtureRequest) -> Video:
    """Of a model and an engine of the test's own, whose counts nobody else moves."""
    name = request.node.name
    spec = VideoSpec(model=name, engine=name, prompt="A cat", size=Size(64, 64), seconds=1)
    return Video(
        id=new_video_id(NOW),
        account_id=AccountId(1),
        dialect=Dialect.OPENAI,
        spec=spec,
        created_at=NOW,
    )


def ends(video: Video) -> dict[str, float]:
    found = counts.videos_ended.read()
    return {status: n for (model, _, status), n in found.items() if model == video.spec.model}


def outcomes(video: Video) -> dict[str, float]:
    found = counts.attempts_ended.read()
    return {outcome: n for (engine, outcome), n in found.items() if engine == video.spec.engine}


def test_only_an_end_is_one(video: Video) -> None:
    begun = video.claim(at=NOW)
    for each in (video, begun, begun.advance(50), begun.hand_back()):
        counting.note_change(each)
    assert ends(video) == {}
    counting.note_change(begun.complete(ASSET, at=NOW, keep_for=DAY))
    assert ends(video) == {"completed": 1}


def test_who_deletes_a_video_ends_it_unless_it_had_ended(video: Video) -> None:
    done = video.claim(at=NOW).complete(ASSET, at=NOW, keep_for=DAY)
    counting.note_change(done.delete(at=NOW + timedelta(hours=1)))
    assert ends(video) == {}
    counting.note_change(video.delete(at=NOW))
    assert ends(video) == {"cancelled": 1}


def test_a_create_is_told_by_model_and_engine(video: Video) -> None:
    counting.note_created(video)
    assert counts.videos_created.read()[video.spec.model, video.spec.engine] == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (EngineUnavailable("Later."), "unavailable"),
        (EngineCrashed("Broken."), "crashed"),
        (EngineFailed("engine_failed", "Never."), "failed"),
    ],
)
def test_an_attempt_is_told_by_what_it_ended_in(
    video: Video, error: EngineError, outcome: str
) -> None:
    counting.note_given_up(video, error)
    assert outcomes(video) == {outcome: 1}


def test_a_completed_attempt_says_how_long_it_took(video: Video) -> None:
    counting.note_completed(video, took=timedelta(seconds=3))
    assert outcomes(video) == {"completed": 1}
    assert counts.render_seconds.of(video.spec.engine).seconds == 3


HELD = HeldDelivery(
    id=DeliveryId("d"),
    endpoint_id=EndpointId("e"),
    url="https://example.org/",
    secrets=(),
    event=Event(
        id=EventId("e"),
        position=1,
        account_id=AccountId(1),
        video_id=new_video_id(NOW),
        type=EventType.VIDEO_COMPLETED,
        created_at=NOW,
    ),
    begun_at=NOW,
    tries=0,
    held_at=NOW,
    held_until=NOW,
)
GOOD = DeliveryAttempt(
    at=NOW + timedelta(seconds=2), status_code=204, error=None, duration=timedelta(seconds=0.5)
)


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [
        (GOOD, "delivered"),
        (replace(GOOD, status_code=500, error="It answered 500."), "refused"),
        (replace(GOOD, status_code=None, error="No answer."), "unanswered"),
    ],
)
def test_a_delivery_is_told_by_its_answer(attempt: DeliveryAttempt, outcome: str) -> None:
    before = counts.webhook_attempts.read().get((outcome,), 0)
    counting.note_delivery(HELD, attempt)
    assert counts.webhook_attempts.read()[(outcome,)] == before + 1


def test_only_the_first_attempt_says_how_long_an_event_waited() -> None:
    delays = counts.webhook_delay_seconds.of()
    before = delays.seconds
    counting.note_delivery(replace(HELD, tries=1), GOOD)
    assert delays.seconds == before
    counting.note_delivery(HELD, GOOD)
    assert delays.seconds == before + 2


def test_a_replay_is_late_only_from_its_own_beginning_on() -> None:
    delays = counts.webhook_delay_seconds.of()
    before = delays.seconds
    replayed = replace(HELD, begun_at=NOW + timedelta(seconds=1))
    counting.note_delivery(replayed, GOOD)
    assert delays.seconds == before + 1
