"""A signed message is what the specification's own library expects."""

import hashlib
import hmac
import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from filmgate.core.account import AccountId
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.video import VideoId
from filmgate.core.webhook import new_secret, secret_text
from filmgate.webhooks.message import signed

EVENT = Event(
    id=EventId("01jbqk7c1kx3r7t0w2y4z6a8bc"),
    position=7,
    account_id=AccountId(1),
    video_id=VideoId("01jbqk6a9hw2q6s8v0x2y4z6ab"),
    type=EventType.VIDEO_COMPLETED,
    created_at=datetime(2026, 11, 21, 12, 0, 0, 900_000, tzinfo=UTC),
)


def test_the_body_is_the_events() -> None:
    message = signed(EVENT, secrets=[new_secret()], at=EVENT.created_at)
    assert json.loads(message.body) == {
        "id": "evt_01jbqk7c1kx3r7t0w2y4z6a8bc",
        "object": "event",
        "created_at": 1795262400,
        "type": "video.completed",
        "data": {"id": "video_01jbqk6a9hw2q6s8v0x2y4z6ab"},
    }


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_it_verifies_with_the_secret_as_its_owner_was_shown_it(zone: timezone) -> None:
    secret = new_secret()
    message = signed(EVENT, secrets=[secret], at=datetime.now(zone))
    verifier = Webhook(secret_text(secret))
    assert verifier.verify(message.body, dict(message.headers)) == json.loads(message.body)


def test_it_verifies_with_no_other_secret_and_no_other_body() -> None:
    secret = new_secret()
    message = signed(EVENT, secrets=[secret], at=datetime.now(UTC))
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(secret_text(new_secret())).verify(message.body, dict(message.headers))
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(secret_text(secret)).verify(message.body + b" ", dict(message.headers))


def test_each_of_two_secrets_verifies_it() -> None:
    new, old = new_secret(), new_secret()
    message = signed(EVENT, secrets=[new, old], at=datetime.now(UTC))
    for secret in (new, old):
        Webhook(secret_text(secret)).verify(message.body, dict(message.headers))
    assert message.headers["webhook-signature"].count("v1,") == 2


def test_a_later_attempt_has_another_time_and_the_same_id_and_body() -> None:
    secret = new_secret()
    first = signed(EVENT, secrets=[secret], at=EVENT.created_at)
    later = signed(EVENT, secrets=[secret], at=EVENT.created_at + timedelta(hours=1))
    assert first.body == later.body
    changed = {name for name in first.headers if first.headers[name] != later.headers[name]}
    assert changed == {"webhook-timestamp", "webhook-signature"}


def test_the_signature_is_over_id_time_and_body() -> None:
    """Computed here once more, by hand."""
    secret = b"x" * 32
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    message = signed(replace(EVENT, type=EventType.VIDEO_FAILED), secrets=[secret], at=at)
    text = b"evt_01jbqk7c1kx3r7t0w2y4z6a8bc.1700000000." + message.body
    signature = message.headers["webhook-signature"].removeprefix("v1,")
    assert b64decode(signature) == hmac.new(secret, text, hashlib.sha256).digest()
