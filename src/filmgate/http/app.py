"""The ASGI application: every route, in order, inside everything that happens around a request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from filmgate.http.around import Around
from filmgate.http.bodies.limit import BodyLimit
from filmgate.http.bodies.patience import BodyPatience
from filmgate.http.content import SignedFiles
from filmgate.http.creating import CreateShortCut, Raising
from filmgate.http.dialects.newapi import errors as newapi_errors
from filmgate.http.dialects.newapi.routes import NewapiRoutes
from filmgate.http.dialects.openai import errors as openai_errors
from filmgate.http.dialects.openai.routes import OpenaiRoutes
from filmgate.http.dialects.relay import errors as relay_errors
from filmgate.http.dialects.relay.routes import RelayRoutes
from filmgate.http.documents import Documents
from filmgate.http.endpoints import Endpoint
from filmgate.http.following.routes import EventRoutes
from filmgate.http.health import Health
from filmgate.http.polling import PollShortCut
from filmgate.http.refusing import ErrorDialect, Refusals
from filmgate.http.routing import Routing
from filmgate.http.services import Services
from filmgate.http.webhooks.routes import WebhookRoutes
from filmgate.metrics import counts

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_REFUSALS = Refusals(
    dialects=[
        ErrorDialect(relay_errors.PATHS, relay_errors.write),
        ErrorDialect(newapi_errors.PATHS, newapi_errors.write),
    ],
    fallback=openai_errors.write,
)


def build_app(services: Services) -> PollShortCut:
    """All that is served, with its short cuts."""
    relay, openai, newapi = RelayRoutes(services), OpenaiRoutes(services), NewapiRoutes(services)
    app = build_application(services)
    creates = [*relay.creates(), *openai.creates(), *newapi.creates()]
    app = CreateShortCut(app, services=services, routes=creates, requests=counts.requests)
    polls = [*relay.polls(), *openai.polls()]
    return PollShortCut(app, services=services, routes=polls, requests=counts.requests)


def build_application(services: Services) -> ASGIApp:
    """The endpoints within what happens around each, from the inside out."""
    app: ASGIApp = BodyPatience(Routing(endpoints_of(services)))
    app = BodyLimit(app, max_bytes=services.max_body_bytes)
    app = Around(Raising(app), refusals=_REFUSALS, requests=counts.requests)
    return cast(
        "ASGIApp",
        ProxyHeadersMiddleware(
            cast("ASGI3Application", app),
            trusted_hosts=[str(each) for each in services.trusted_proxies],
        ),
    )


def endpoints_of(services: Services) -> Sequence[Endpoint]:
    """In the order in which they are tried."""
    endpoints = [
        # The relay dialect first: its `/v1/videos/sora_…` is a special case of openai's `/v1/videos/…`.
        *RelayRoutes(services).endpoints(),
        *OpenaiRoutes(services).endpoints(),
        *NewapiRoutes(services).endpoints(),
        *EventRoutes(services).endpoints(),
        *WebhookRoutes(services).endpoints(),
        *SignedFiles(services).endpoints(),
        *Health(services).endpoints(),
    ]
    return [*endpoints, *Documents(services, endpoints).endpoints()]
