"""What a server's good answers about webhooks are about: endpoints, deliveries, and what they say on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Where events are sent. `secret` is known only to whoever has just made or rotated it."""

    id: str
    url: str
    events: tuple[str, ...]
    status: str
    disabled_reason: str | None
    created_at: datetime
    secret: str | None

    def as_wire(self) -> dict[str, object]:
        """The keys of the API's endpoint object."""
        wire: dict[str, object] = {
            "id": self.id,
            "object": "webhook_endpoint",
            "url": self.url,
            "events": list(self.events),
            "status": self.status,
            "disabled_reason": self.disabled_reason,
            "created_at": int(self.created_at.timestamp()),
        }
        return wire if self.secret is None else {**wire, "secret": self.secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One request to the endpoint; `error` is None where it took the event."""

    at: datetime
    status_code: int | None
    error: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one endpoint, as the server described it when it was last asked."""

    id: str
    event: Mapping[str, object]
    status: str
    attempts: tuple[DeliveryAttempt, ...]
    next_attempt_at: datetime | None
    failure: str | None

    def as_wire(self) -> dict[str, object]:
        """The keys of the API's delivery object."""
        return {
            "id": self.id,
            "object": "delivery",
            "event": dict(self.event),
            "status": self.status,
            "attempts": [
                {
                    "at": int(attempt.at.timestamp()),
                    "status_code": attempt.status_code,
                    "error": attempt.error,
                    "duration_ms": attempt.duration_ms,
                }
                for attempt in self.attempts
            ],
            "next_attempt_at": self.next_attempt_at and int(self.next_attempt_at.timestamp()),
            "failure": self.failure,
        }


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some of an endpoint's deliveries. `next_after` is the `after` of the next page, None on the last one."""

    deliveries: tuple[Delivery, ...]
    has_more: bool

    @property
    def next_after(self) -> str | None:
        return self.deliveries[-1].id if self.has_more and self.deliveries else None


def read_endpoint(wire: Any) -> WebhookEndpoint:
    return WebhookEndpoint(
        id=str(wire["id"]),
        url=str(wire["url"]),
        events=tuple(map(str, wire["events"])),
        status=str(wire["status"]),
        disabled_reason=wire.get("disabled_reason"),
        created_at=_moment(wire["created_at"]),
        secret=wire.get("secret"),
    )


def read_endpoints(wire: Any) -> tuple[WebhookEndpoint, ...]:
    return tuple(map(read_endpoint, wire["data"]))


def read_delivery(wire: Any) -> Delivery:
    next_at = wire.get("next_attempt_at")
    return Delivery(
        id=str(wire["id"]),
        event=dict(wire["event"]),
        status=str(wire["status"]),
        attempts=tuple(map(_attempt, wire["attempts"])),
        next_attempt_at=None if next_at is None else _moment(next_at),
        failure=wire.get("failure"),
    )


def read_deliveries(wire: Any) -> DeliveryPage:
    return DeliveryPage(tuple(map(read_delivery, wire["data"])), has_more=bool(wire["has_more"]))


def _attempt(wire: Any) -> DeliveryAttempt:
    return DeliveryAttempt(
        at=_moment(wire["at"]),
        status_code=wire.get("status_code"),
        error=wire.get("error"),
        duration_ms=int(wire["duration_ms"]),
    )


def _moment(unix_time: float) -> datetime:
    return datetime.fromtimestamp(unix_time, UTC)
