"""When a delivery is tried again, and when that has been enough."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from filmgate.core.account import AccountId
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.video import VideoId
from filmgate.core.webhook import (
    DeliveryAttempt,
    DeliveryId,
    EndpointId,
    HeldDelivery,
    Schedule,
    new_secret,
    secret_text,
)

BEGUN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def held(tries: int, *, at: datetime = BEGUN) -> HeldDelivery:
    event = Event(
        id=EventId("e"),
        position=1,
        account_id=AccountId(1),
        video_id=VideoId("v"),
        type=EventType.VIDEO_COMPLETED,
        created_at=BEGUN,
    )
    return HeldDelivery(
        id=DeliveryId("d"),
        endpoint_id=EndpointId("w"),
        url="https://hooks.example/",
        secrets=(b"secret",),
        event=event,
        begun_at=BEGUN,
        tries=tries,
        held_at=at,
        held_until=at + timedelta(seconds=30),
    )


def attempt(
    *, at: datetime = BEGUN, status: int | None = 500, retry_after: timedelta | None = None
) -> DeliveryAttempt:
    return DeliveryAttempt(
        at=at, status_code=status, error="no", duration=timedelta(0), retry_after=retry_after
    )


def moments(*, luck: float) -> list[timedelta]:
    """When the attempts of a delivery are made that never succeeds, since the first."""
    made, at = [timedelta(0)], BEGUN
    while True:
        tried = attempt(at=at)
        next_at = Schedule().next_at(held(len(made) - 1, at=at), tried, luck=luck)
        if next_at is None:
            return made
        at = next_at
        made.append(at - BEGUN)


@pytest.mark.parametrize("luck", [0.0, 0.5, 1.0])
def test_attempts_grow_rarer_and_end_within_three_days(luck: float) -> None:
    made = moments(luck=luck)
    pauses = [late - early for early, late in pairwise(made)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=5) * (1 + luck / 10)
    assert timedelta(days=2) < made[-1] <= timedelta(days=3)


def test_the_pause_begins_when_the_attempt_has_ended() -> None:
    slow = DeliveryAttempt(at=BEGUN, status_code=None, error="slow", duration=timedelta(seconds=15))
    assert Schedule().next_at(held(0), slow, luck=0) == BEGUN + timedelta(seconds=20)


@pytest.mark.parametrize(
    ("status", "asked", "pause"),
    [
        (429, timedelta(minutes=5), timedelta(minutes=5)),
        (503, timedelta(minutes=5), timedelta(minutes=5)),
        (429, timedelta(seconds=1), timedelta(seconds=5)),
        (429, timedelta(days=9), timedelta(hours=1)),
        (429, timedelta(seconds=-9), timedelta(seconds=5)),
        (500, timedelta(minutes=5), timedelta(seconds=5)),
    ],
)
def test_an_endpoint_may_ask_for_time_within_bounds(
    status: int, asked: timedelta, pause: timedelta
) -> None:
    tried = attempt(status=status, retry_after=asked)
    assert Schedule().next_at(held(0), tried, luck=0) == BEGUN + pause


def test_secrets_are_long_and_no_two_are_alike() -> None:
    text = secret_text(new_secret())
    assert len(b64decode(text.removeprefix("whsec_"), validate=True)) == 32
    assert new_secret() != new_secret()
