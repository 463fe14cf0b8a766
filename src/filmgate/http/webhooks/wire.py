"""Webhook endpoints and deliveries on the wire, and the way between these words and ours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from filmgate.core.errors import DeliveryNotFound, InvalidRequest
from filmgate.core.event import EventType, event_body
from filmgate.core.webhook import Delivery, DeliveryAttempt, DeliveryId, Endpoint, secret_text
from filmgate.http.ids import parse_delivery_id
from filmgate.usecases.deliveries import Page
from filmgate.usecases.webhooks import URL_LIMIT

LIST_LIMIT = 100

WEBHOOK_ID = "we_01jbqk5v3xw8e9r2t4y6m8n0pq"
DELIVERY_ID = "whd_01jbqk7c2mz4s8v1x3y5a7b9cd"
_EVENT_ID = "evt_01jbqk7c1kx3r7t0w2y4z6a8bc"
_VIDEO_ID = "video_01jbqk6a9hw2q6s8v0x2y4z6ab"
_URL = "https://example.com/filmgate"

_Type = Literal["video.completed", "video.failed"]


class CreateBody(BaseModel):
    """Where events are to be sent."""

    url: str = Field(
        max_length=URL_LIMIT,
        pattern="^https?://",
        examples=[_URL],
        description="An http or https address on a public host and port 80 or 443.",
    )
    events: Annotated[list[_Type | Literal[""] | None], Field(max_length=16)] | _Type | None = (
        Field(default=None, description="Which events to send; all of them unless given.")
    )


class CreateForm(CreateBody):
    """The same as a form."""


class WebhookBody(BaseModel):
    """A webhook endpoint."""

    id: str = Field(examples=[WEBHOOK_ID])
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    url: str = Field(examples=[_URL])
    events: list[_Type] = Field(examples=[["video.completed", "video.failed"]])
    status: Literal["enabled", "disabled"]
    disabled_reason: str | None = Field(
        examples=[None], description="Why it gets nothing any more, in words."
    )
    created_at: int = Field(examples=[1761635478])


class WebhookWithSecret(WebhookBody):
    """A webhook endpoint, with the secret that its receiver verifies signatures with."""

    secret: str = Field(
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
        description="Shown in this answer and in no other.",
    )


class WebhookList(BaseModel):
    """The account's webhook endpoints, oldest first."""

    object: Literal["list"] = "list"
    data: list[WebhookBody]
    has_more: bool = False


class DeletedWebhook(BaseModel):
    """The answer to a delete."""

    id: str = Field(examples=[WEBHOOK_ID])
    object: Literal["webhook_endpoint.deleted"] = "webhook_endpoint.deleted"
    deleted: Literal[True] = True


class EventData(BaseModel):
    """What the event is about."""

    id: str = Field(examples=[_VIDEO_ID])


class EventBody(BaseModel):
    """An event, as it is sent."""

    id: str = Field(examples=[_EVENT_ID])
    object: Literal["event"] = "event"
    created_at: int = Field(examples=[1761635489])
    type: _Type
    data: EventData


class DeliveryAttemptBody(BaseModel):
    """One request to the endpoint."""

    at: int = Field(examples=[1761635489])
    status_code: int | None = Field(examples=[204], description="Null where no answer came.")
    error: str | None = Field(
        examples=[None], description="What was wrong; null where the event was taken."
    )
    duration_ms: int = Field(examples=[41])


class DeliveryBody(BaseModel):
    """One event for one endpoint."""

    id: str = Field(examples=[DELIVERY_ID])
    object: Literal["delivery"] = "delivery"
    event: EventBody
    status: Literal["pending", "delivered", "failed"] = Field(examples=["delivered"])
    attempts: list[DeliveryAttemptBody] = Field(description="Oldest first.")
    next_attempt_at: int | None = Field(examples=[None])
    failure: str | None = Field(examples=[None], description="Why it was given up, in words.")


class DeliveryList(BaseModel):
    """A page of an endpoint's deliveries, newest first."""

    object: Literal["list"] = "list"
    data: list[DeliveryBody]
    first_id: str | None = Field(examples=[DELIVERY_ID])
    last_id: str | None = Field(examples=[DELIVERY_ID])
    has_more: bool = Field(examples=[False])


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which page of the deliveries is wanted."""

    after: DeliveryId | None
    limit: int


def parse_events(words: Iterable[str] | None) -> tuple[EventType, ...] | None:
    """Raises InvalidRequest."""
    return None if words is None else tuple(map(_event_type, words))


def parse_list_query(query: Mapping[str, str]) -> ListQuery:
    """Raises InvalidRequest, naming the parameter."""
    limit = query.get("limit", "20")
    if re.fullmatch(r"\d{1,3}", limit, re.ASCII) is None or int(limit) > LIST_LIMIT:
        raise InvalidRequest(
            "limit", f"limit {limit[:100]!r} is not a whole number from 0 to {LIST_LIMIT}."
        )
    return ListQuery(_after(query.get("after")), int(limit))


def write_webhook(endpoint: Endpoint) -> str:
    return _webhook(endpoint).model_dump_json()


def write_webhook_with_secret(endpoint: Endpoint, secret: bytes) -> str:
    told = _webhook(endpoint).model_dump()
    return WebhookWithSecret(**told, secret=secret_text(secret)).model_dump_json()


def write_webhooks(endpoints: Iterable[Endpoint]) -> str:
    return WebhookList(data=[_webhook(each) for each in endpoints]).model_dump_json()


def write_deleted(asked_id: str) -> str:
    return DeletedWebhook(id=asked_id).model_dump_json()


def write_delivery(delivery: Delivery) -> str:
    return _delivery(delivery).model_dump_json()


def write_deliveries(page: Page) -> str:
    data = [_delivery(each) for each in page.deliveries]
    return DeliveryList(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=page.has_more,
    ).model_dump_json()


def _event_type(word: str) -> EventType:
    try:
        return EventType(word)
    except ValueError as error:
        raise InvalidRequest(
            "events", f"events {word!r} is not one of: {', '.join(EventType)}."
        ) from error


def _after(after: str | None) -> DeliveryId | None:
    """Only the place in the order counts: the delivery may be gone."""
    if not after:
        return None
    try:
        return parse_delivery_id(after)
    except DeliveryNotFound as error:
        raise InvalidRequest(
            "after", f"after {after[:100]!r} is not the id of a delivery."
        ) from error


def _webhook(endpoint: Endpoint) -> WebhookBody:
    return WebhookBody(
        id=f"we_{endpoint.id}",
        url=endpoint.url,
        events=[type_.value for type_ in endpoint.events],
        status="enabled" if endpoint.disabled_reason is None else "disabled",
        disabled_reason=endpoint.disabled_reason,
        created_at=int(endpoint.created_at.timestamp()),
    )


def _delivery(delivery: Delivery) -> DeliveryBody:
    next_at = delivery.next_at
    return DeliveryBody(
        id=f"whd_{delivery.id}",
        event=EventBody.model_validate(event_body(delivery.event)),
        status=delivery.status.value,
        attempts=[_attempt(each) for each in delivery.attempts],
        next_attempt_at=None if next_at is None else int(next_at.timestamp()),
        failure=delivery.failure,
    )


def _attempt(attempt: DeliveryAttempt) -> DeliveryAttemptBody:
    return DeliveryAttemptBody(
        at=int(attempt.at.timestamp()),
        status_code=attempt.status_code,
        error=attempt.error,
        duration_ms=round(attempt.duration.total_seconds() * 1000),
    )
