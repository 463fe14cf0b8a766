"""The ASGI application: every route, in order, inside everything that happens around a request."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from filmgate.core.errors import FilmgateError
from filmgate.http.around import Around
from filmgate.http.bodies.limit import BodyLimit
from filmgate.http.bodies.patience import BodyPatience
from filmgate.http.content import SignedFiles
from filmgate.http.dialects.newapi import errors as newapi_errors
from filmgate.http.dialects.newapi.routes import NewapiRoutes
from filmgate.http.dialects.openai import errors as openai_errors
from filmgate.http.dialects.openai.routes import OpenaiRoutes
from filmgate.http.dialects.relay import errors as relay_errors
from filmgate.http.dialects.relay.routes import RelayRoutes
from filmgate.http.documents import Documents
from filmgate.http.endpoints import routes_of
from filmgate.http.following.routes import EventRoutes
from filmgate.http.health import Health
from filmgate.http.polling import PollShortCut
from filmgate.http.refusing import ErrorDialect, Refusals
from filmgate.http.services import Services
from filmgate.http.webhooks.routes import WebhookRoutes
from filmgate.metrics import counts

_REFUSALS = Refusals(
    dialects=[
        ErrorDialect(relay_errors.PATHS, relay_errors.write),
        ErrorDialect(newapi_errors.PATHS, newapi_errors.write),
    ],
    fallback=openai_errors.write,
)


def build_app(services: Services) -> ASGIApp:
    """All that is served, with its short cut."""
    polls = [*RelayRoutes(services).polls(), *OpenaiRoutes(services).polls()]
    return PollShortCut(
        build_application(services), services=services, routes=polls, requests=counts.requests
    )


def build_application(services: Services) -> Starlette:
    """The routes within what happens around each: the outermost middleware comes first."""
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
    app = Starlette(
        routes=routes_of([*endpoints, *Documents(services, endpoints).endpoints()]),
        middleware=[
            Middleware(
                ProxyHeadersMiddleware,
                trusted_hosts=[str(each) for each in services.trusted_proxies],
            ),
            Middleware(Around, refusals=_REFUSALS, requests=counts.requests),
            Middleware(BodyLimit, max_bytes=services.max_body_bytes),
            Middleware(BodyPatience),
        ],
        exception_handlers={
            FilmgateError: _REFUSALS.on_error,
            404: _REFUSALS.on_unknown_route,
            405: _REFUSALS.on_wrong_method,
        },
    )
    # An address with a slash too many is unknown, and not sent elsewhere: clients repeat a POST as a GET there.
    app.router.redirect_slashes = False
    return app
