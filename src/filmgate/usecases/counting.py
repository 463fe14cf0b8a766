"""Counting: what becomes of videos, attempts and deliveries, as the metrics tell it. After the commit, never before."""

from datetime import timedelta
from enum import StrEnum

from filmgate.core.errors import EngineCrashed, EngineError, EngineUnavailable
from filmgate.core.video import Video
from filmgate.core.webhook import DeliveryAttempt, HeldDelivery
from filmgate.metrics import counts


class Outcome(StrEnum):
    """Of an attempt at a video."""

    COMPLETED = "completed"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    CRASHED = "crashed"
    LOST = "lost"
    HANDED_BACK = "handed_back"


def note_created(video: Video) -> None:
    """A video that was not there before."""
    counts.videos_created.add(video.spec.model, video.spec.engine)


def note_change(video: Video) -> None:
    """A video as it is after a change, which may have been its end."""
    if not video.status.is_terminal:
        return
    # Who deletes a video that has ended long ago does not end it once more.
    if video.deleted_at is None or video.deleted_at == video.completed_at:
        counts.videos_ended.add(video.spec.model, video.spec.engine, video.status)


def note_attempt(video: Video, outcome: Outcome) -> None:
    counts.attempts_ended.add(video.spec.engine, outcome)


def note_completed(video: Video, *, took: timedelta) -> None:
    note_attempt(video, Outcome.COMPLETED)
    counts.render_seconds.of(video.spec.engine).note(took.total_seconds())


def note_given_up(video: Video, error: EngineError) -> None:
    note_attempt(video, _outcome_of(error))


def note_delivery(held: HeldDelivery, attempt: DeliveryAttempt) -> None:
    counts.webhook_attempts.add(_word_for(attempt))
    counts.webhook_attempt_seconds.of().note(attempt.duration.total_seconds())
    if held.tries == 0:  # later ones come late because they were told to
        waited = attempt.at - max(held.event.created_at, held.begun_at)
        counts.webhook_delay_seconds.of().note(max(waited.total_seconds(), 0.0))


def _outcome_of(error: EngineError) -> Outcome:
    if isinstance(error, EngineCrashed):
        return Outcome.CRASHED
    return Outcome.UNAVAILABLE if isinstance(error, EngineUnavailable) else Outcome.FAILED


def _word_for(attempt: DeliveryAttempt) -> str:
    if attempt.has_succeeded:
        return "delivered"
    return "unanswered" if attempt.status_code is None else "refused"
