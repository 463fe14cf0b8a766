"""`Client.webhooks` and `AsyncClient.webhooks`: the same verbs, handed to whoever carries calls out."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from filmgate.calling import readings
from filmgate.calling.calls import given
from filmgate.calling.messages import Call
from filmgate.calling.webhook_values import (
    Delivery,
    DeliveryPage,
    WebhookEndpoint,
    read_deliveries,
    read_delivery,
    read_endpoint,
    read_endpoints,
)

T = TypeVar("T")

_WEBHOOKS = "/v1/webhooks"
_ENDPOINT_ID = re.compile(r"we_[a-z0-9]{1,64}")
_DELIVERY_ID = re.compile(r"whd_[a-z0-9]{1,64}")


class Ask(Protocol):
    """Carries a call out, again where that may help, up to `retries` times."""

    def __call__(
        self, call: Call, reading: Callable[[Any], T], *, retries: int | None = None
    ) -> T: ...


class AsyncAsk(Protocol):
    """The same for asyncio."""

    def __call__(
        self, call: Call, reading: Callable[[Any], T], *, retries: int | None = None
    ) -> Awaitable[T]: ...


class Webhooks:
    """The account's webhook endpoints and their deliveries."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def create(self, url: str, *, events: Sequence[str] | None = None) -> WebhookEndpoint:
        """Have events sent there; all of them unless some are named. The answer alone has the secret.

        It is not repeated after a broken connection, which might leave two endpoints.
        """
        return self._ask(_create(url, events), read_endpoint, retries=0)

    def list(self) -> tuple[WebhookEndpoint, ...]:
        return self._ask(Call("GET", _WEBHOOKS), read_endpoints)

    def retrieve(self, endpoint_id: str) -> WebhookEndpoint:
        return self._ask(Call("GET", _endpoint(endpoint_id)), read_endpoint)

    def delete(self, endpoint_id: str) -> None:
        self._ask(Call("DELETE", _endpoint(endpoint_id)), readings.nothing)

    def rotate(self, endpoint_id: str) -> WebhookEndpoint:
        """Get another secret. It is not repeated, which would end the old one at once."""
        return self._ask(Call("POST", _endpoint(endpoint_id, "/rotate")), read_endpoint, retries=0)

    def enable(self, endpoint_id: str) -> WebhookEndpoint:
        return self._ask(Call("POST", _endpoint(endpoint_id, "/enable")), read_endpoint)

    def deliveries(
        self, endpoint_id: str, *, limit: int | None = None, after: str | None = None
    ) -> DeliveryPage:
        """One page of the endpoint's deliveries, newest first."""
        return self._ask(_deliveries(endpoint_id, limit, after), read_deliveries)

    def replay(self, delivery_id: str) -> Delivery:
        """Have it sent again now, whatever became of it."""
        return self._ask(_replay(delivery_id), read_delivery)


class AsyncWebhooks:
    """The methods are those of `Webhooks`, awaited."""

    def __init__(self, ask: AsyncAsk) -> None:
        self._ask = ask

    async def create(self, url: str, *, events: Sequence[str] | None = None) -> WebhookEndpoint:
        return await self._ask(_create(url, events), read_endpoint, retries=0)

    async def list(self) -> tuple[WebhookEndpoint, ...]:
        return await self._ask(Call("GET", _WEBHOOKS), read_endpoints)

    async def retrieve(self, endpoint_id: str) -> WebhookEndpoint:
        return await self._ask(Call("GET", _endpoint(endpoint_id)), read_endpoint)

    async def delete(self, endpoint_id: str) -> None:
        await self._ask(Call("DELETE", _endpoint(endpoint_id)), readings.nothing)

    async def rotate(self, endpoint_id: str) -> WebhookEndpoint:
        call = Call("POST", _endpoint(endpoint_id, "/rotate"))
        return await self._ask(call, read_endpoint, retries=0)

    async def enable(self, endpoint_id: str) -> WebhookEndpoint:
        return await self._ask(Call("POST", _endpoint(endpoint_id, "/enable")), read_endpoint)

    async def deliveries(
        self, endpoint_id: str, *, limit: int | None = None, after: str | None = None
    ) -> DeliveryPage:
        return await self._ask(_deliveries(endpoint_id, limit, after), read_deliveries)

    async def replay(self, delivery_id: str) -> Delivery:
        return await self._ask(_replay(delivery_id), read_delivery)


def _create(url: str, events: Sequence[str] | None) -> Call:
    json: dict[str, object] = {"url": url}
    return Call(
        "POST", _WEBHOOKS, json=json if events is None else {**json, "events": list(events)}
    )


def _deliveries(endpoint_id: str, limit: int | None, after: str | None) -> Call:
    path = _endpoint(endpoint_id, "/deliveries")
    return Call("GET", path, params=given(limit=limit, after=after))


def _replay(delivery_id: str) -> Call:
    if _DELIVERY_ID.fullmatch(delivery_id) is None:
        raise ValueError(f"{delivery_id[:80]!r} is not the id of a delivery, such as whd_01m7x9….")
    return Call("POST", f"{_WEBHOOKS}/deliveries/{delivery_id}/replay")


def _endpoint(endpoint_id: str, what: str = "") -> str:
    if _ENDPOINT_ID.fullmatch(endpoint_id) is None:
        raise ValueError(
            f"{endpoint_id[:80]!r} is not the id of a webhook endpoint, such as we_01m7x9…."
        )
    return f"{_WEBHOOKS}/{endpoint_id}{what}"
