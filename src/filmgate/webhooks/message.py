"""A webhook as it is sent: the event as JSON, and the headers of the Standard Webhooks specification."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook

from filmgate.core.event import Event, event_body


@dataclass(frozen=True, slots=True)
class Message:
    headers: Mapping[str, str]
    body: bytes


def signed(event: Event, *, secrets: Sequence[bytes], at: datetime) -> Message:
    """The same id and body every time: a receiver knows by its `webhook-id` what it has had already."""
    # Whole seconds of UTC, which is what the library takes a moment for.
    moment = at.astimezone(UTC).replace(microsecond=0)
    message_id = f"evt_{event.id}"
    body = json.dumps(event_body(event), separators=(",", ":"))
    signatures = [Webhook(secret).sign(message_id, moment, body) for secret in secrets]
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return Message(headers, body.encode())
