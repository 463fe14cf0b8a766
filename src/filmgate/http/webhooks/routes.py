"""The routes of webhook endpoints and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.account import AccountId
from filmgate.core.webhook import EndpointId
from filmgate.http.auth import authenticate
from filmgate.http.bodies.opening import open_body
from filmgate.http.endpoints import Endpoint
from filmgate.http.ids import parse_delivery_id, parse_endpoint_id
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services
from filmgate.http.webhooks import reference, wire
from filmgate.usecases import deliveries, webhooks


@dataclass(frozen=True, slots=True)
class WebhookRoutes:
    services: Services

    async def create(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        async with open_body(self.services, request, account_id=caller.account_id) as fields:
            url, events = fields.text("url"), wire.parse_events(fields.words("events"))
        endpoint, secret = await webhooks.create(
            self.services.database,
            account_id=caller.account_id,
            url=url,
            events=events,
            allow=self.services.webhook_networks,
        )
        return json_answer(wire.write_webhook_with_secret(endpoint, secret))

    async def list_all(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        found = await webhooks.list_all(self.services.database, account_id=caller.account_id)
        return json_answer(wire.write_webhooks(found))

    async def retrieve(self, request: Request) -> Response:
        account_id, endpoint_id = await self._asked(request)
        endpoint = await webhooks.retrieve(
            self.services.database, endpoint_id, account_id=account_id
        )
        return json_answer(wire.write_webhook(endpoint))

    async def delete(self, request: Request) -> Response:
        account_id, endpoint_id = await self._asked(request)
        await webhooks.delete(self.services.database, endpoint_id, account_id=account_id)
        return json_answer(wire.write_deleted(request.path_params["id"]))

    async def rotate(self, request: Request) -> Response:
        account_id, endpoint_id = await self._asked(request)
        endpoint, secret = await webhooks.rotate(
            self.services.database, endpoint_id, account_id=account_id
        )
        return json_answer(wire.write_webhook_with_secret(endpoint, secret))

    async def enable(self, request: Request) -> Response:
        account_id, endpoint_id = await self._asked(request)
        endpoint = await webhooks.enable(self.services.database, endpoint_id, account_id=account_id)
        return json_answer(wire.write_webhook(endpoint))

    async def list_deliveries(self, request: Request) -> Response:
        account_id, endpoint_id = await self._asked(request)
        query = wire.parse_list_query(request.query_params)
        page = await deliveries.list_page(
            self.services.database,
            endpoint_id,
            account_id=account_id,
            after=query.after,
            limit=query.limit,
        )
        return json_answer(wire.write_deliveries(page))

    async def replay(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        delivery = await deliveries.replay(
            self.services.database,
            parse_delivery_id(request.path_params["id"]),
            account_id=caller.account_id,
        )
        return json_answer(wire.write_delivery(delivery))

    def endpoints(self) -> Sequence[Endpoint]:
        one, replay = "/v1/webhooks/{id}", "/v1/webhooks/deliveries/{id}/replay"
        return [
            Endpoint("POST", "/v1/webhooks", self.create, reference.CREATE),
            Endpoint("GET", "/v1/webhooks", self.list_all, reference.LIST),
            Endpoint("GET", one, self.retrieve, reference.RETRIEVE),
            Endpoint("DELETE", one, self.delete, reference.DELETE),
            Endpoint("POST", f"{one}/rotate", self.rotate, reference.ROTATE),
            Endpoint("POST", f"{one}/enable", self.enable, reference.ENABLE),
            Endpoint("GET", f"{one}/deliveries", self.list_deliveries, reference.LIST_DELIVERIES),
            Endpoint("POST", replay, self.replay, reference.REPLAY),
        ]

    async def _asked(self, request: Request) -> tuple[AccountId, EndpointId]:
        caller = await authenticate(request, self.services)
        return caller.account_id, parse_endpoint_id(request.path_params["id"])
