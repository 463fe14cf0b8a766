"""What the server says about itself: `/llms.txt`, `/docs`, `/openapi.json` and the guide pages."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from filmgate.http.description.document import describe_api
from filmgate.http.endpoints import Endpoint
from filmgate.http.json_answer import json_answer
from filmgate.http.links import base_url
from filmgate.http.reference.page import Surroundings, reference_page
from filmgate.http.reference.style import STYLE_SOURCE
from filmgate.http.services import Services

GUIDES = {
    "relay": "For clients of the relays: create, query, the signed URL.",
    "openai": "For clients of the Videos API: create, retrieve, list, delete, content, models.",
    "newapi": "For clients of the Go gateways: create, query, the signed URL.",
    "webhooks": "To be told when a video ends: endpoints, signatures, retries, replays.",
    "waiting": "Long polls, streams of events, ETags: how to learn that a video is finished.",
    "errors": "Every error code: what it means and what to do.",
    "scenes": "What the built-in engine draws, and what it is not.",
}

DIALECTS = {
    "relay": "For programs that were written against the relays which resold the Videos API: ask at one"
    " address until the answer has the `video_url` of the finished film.",
    "openai": "For programs that were written against the Videos API, the official SDKs among them: give"
    " them this server's address, with `/v1` at its end, and keep the code.",
    "newapi": "For programs that were written against the Go gateways: one address for create and query, and"
    " an answer that has the link to the finished film under two names.",
}

TOPICS = {
    "waiting": "For programs that would rather be told at once than ask again and again: streams of events,"
    " for one video or for all of them.",
    "webhooks": "For programs that would rather be told than ask: name an address, and it is sent every"
    " event of your videos, signed.",
}

_NO_SCRIPTS = {
    "content-security-policy": f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
}


@dataclass(frozen=True)
class Documents:
    services: Services
    described: Sequence[Endpoint]
    """What the reference is about."""

    async def index(self, request: Request) -> Response:
        return PlainTextResponse(_index(base_url(self.services, request)))

    async def reference(self, request: Request) -> Response:
        around = Surroundings(
            base=base_url(self.services, request), dialects=DIALECTS, topics=TOPICS, guides=GUIDES
        )
        page = await asyncio.to_thread(lambda: reference_page(self._described, around))
        return HTMLResponse(page, headers=_NO_SCRIPTS)

    async def openapi(self, _: Request) -> Response:
        return json_answer(await asyncio.to_thread(lambda: json.dumps(self._described)))

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/llms.txt", self.index),
            Endpoint("GET", "/docs", self.reference),
            Endpoint("GET", "/openapi.json", self.openapi),
            *(Endpoint("GET", f"/docs/{name}.md", _guide(name)) for name in GUIDES),
        ]

    @cached_property
    def _described(self) -> dict[str, Any]:
        """Made when somebody asks for it first: it does not change while the server runs."""
        return describe_api(self.described, self.services.catalogue)


def _index(base: str) -> str:
    """The llms.txt format: a title, a summary, and lists of links."""
    guides = "\n".join(
        f"- [{name}]({base}/docs/{name}.md): {purpose}" for name, purpose in GUIDES.items()
    )
    return f"""\
# filmgate

> A self-hosted server for asynchronous video generation. Create a video, ask for it until it is
> completed, fetch the MP4 by a signed URL. It speaks the openai Videos API, the relay
> dialect and the newapi dialect.

## Guides

{guides}

## Reference

- [API reference]({base}/docs): every address, its parameters and answers, as a web page
- [OpenAPI]({base}/openapi.json): the same as an OpenAPI 3.1 document
"""


def _guide(name: str) -> Callable[[Request], Awaitable[Response]]:
    text = (files("filmgate.http.documentation") / f"{name}.md").read_text(encoding="utf-8")

    async def answer(_: Request) -> Response:
        return Response(text, media_type="text/markdown")

    return answer
