"""The OpenAPI description of this server, from what the endpoints say about themselves."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from filmgate.http.endpoints import SECURITY_SCHEME

_DESCRIPTION = (
    "Asynchronous video generation in the words of the Videos API and of the relays that resold it:"
    " create a video, ask for it until it is completed, fetch the MP4."
    " Every address also answers below `/kyyReactApiServer` and `/kyyAiPower`."
)


def describe_api(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    description = get_openapi(
        title="filmgate",
        version=version("filmgate"),
        description=_DESCRIPTION,
        routes=routes,
        servers=[{"url": "/"}],
    )
    description.setdefault("components", {})["securitySchemes"] = {
        SECURITY_SCHEME: {"type": "http", "scheme": "bearer"}
    }
    return description
