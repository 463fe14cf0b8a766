"""Endpoint: an address, what answers there, and what the reference says about it.

Routes read their requests and write their answers by themselves, which is several times faster than having
a framework do it; so what it would have found out about them is written down beside them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a client says outside the body. One without a schema of its own is text."""

    place: ClassVar[Literal["path", "query", "header"]]
    name: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    example: str | int | None = None


class PathPart(Parameter):
    """A part of the address, in braces."""

    place = "path"


class Query(Parameter):
    """A query parameter."""

    place = "query"


class Header(Parameter):
    """A header of the request."""

    place = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the reference says about an endpoint that wants a key.

    Its answers are JSON models, or one media type, or several. What every endpoint can answer, such as 401,
    need not be among its `errors`.
    """

    id: str
    tag: str
    summary: str
    description: str = ""
    path: Sequence[PathPart] = ()
    query: Sequence[Query] = ()
    headers: Sequence[Header] = ()
    body: type[BaseModel] | None = None
    """What is read from JSON."""
    form: type[BaseModel] | None = None
    """What is read from multipart/form-data; where it is not read, None."""
    answers: Sequence[type[BaseModel] | str] | str
    also: Mapping[int, str] = field(default_factory=dict)
    """Other answers that are no refusals, by status: what each means. They have no body."""
    answer_headers: Sequence[str] = ()
    """Of a good answer: names from `described_headers.py`."""
    error: type[BaseModel]
    errors: Sequence[int] = ()
    shares: str | None = None
    """The address of another dialect's endpoint, of which this one is a special case in other words."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Without a `reference`, it is one that clients need not know about."""

    method: str
    path: str
    answer: Callable[[Request], Awaitable[Response]]
    reference: Reference | None = None


def routes_of(endpoints: Iterable[Endpoint]) -> list[Route]:
    """In this order: the first that matches answers."""
    return [_route(endpoint) for endpoint in endpoints]


@dataclass(frozen=True, slots=True)
class _Answering:
    """An endpoint as the router calls it. What it raises is made an answer of once, by the application."""

    answer: Callable[[Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.answer(Request(scope, receive, send))
        await response(scope, receive, send)


def _route(endpoint: Endpoint) -> Route:
    route = Route(endpoint.path, _Answering(endpoint.answer))
    # Not in the call: the router would let a HEAD in wherever there is a GET, as a film for nothing.
    route.methods = {endpoint.method}
    return route
