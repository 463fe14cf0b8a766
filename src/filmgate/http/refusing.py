"""Where every refusal becomes an answer: the path decides whose words it is written in."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from filmgate.core.errors import FilmgateError, NotFound
from filmgate.http.errors import Refusal, method_not_allowed, refusal_of
from filmgate.http.json_answer import json_answer

WriteRefusal = Callable[[Refusal], str]
"""A dialect's error body, as JSON."""


@dataclass(frozen=True, slots=True)
class ErrorDialect:
    """The paths on which a dialect's clients expect its own error body."""

    paths: re.Pattern[str]
    write: WriteRefusal


@dataclass(frozen=True, slots=True)
class Refusals:
    """Writes refusals in the first dialect whose paths match, else in the `fallback`."""

    dialects: Sequence[ErrorDialect]
    fallback: WriteRefusal

    def answer(self, refusal: Refusal, *, path: str) -> Response:
        own = (dialect.write for dialect in self.dialects if dialect.paths.match(path))
        write = next(own, self.fallback)
        return json_answer(write(refusal), status=refusal.status, headers=refusal.headers)

    async def on_error(self, request: Request, error: Exception) -> Response:
        """The handler of FilmgateError."""
        if not isinstance(error, FilmgateError):
            raise error
        return self.answer(refusal_of(error), path=request.scope["path"])

    async def on_unknown_route(self, request: Request, _: Exception) -> Response:
        path = request.scope["path"]
        error = NotFound(f"There is nothing at {path[:200]!r}. See /docs for what there is.")
        return self.answer(refusal_of(error), path=path)

    async def on_wrong_method(self, request: Request, _: Exception) -> Response:
        refusal = method_not_allowed(request.method, _methods(request.scope))
        return self.answer(refusal, path=request.scope["path"])


def _methods(scope: Scope) -> frozenset[str]:
    """Every method that this address takes: the router itself names those of one route only."""
    routes = scope["app"].routes
    matching = [route for route in routes if route.matches(scope)[0] is not Match.NONE]
    return frozenset(method for route in matching for method in route.methods)
