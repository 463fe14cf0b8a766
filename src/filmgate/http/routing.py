"""Routing: which endpoint a request is for.

An address that is always spelled the same is looked up; those with parts of their own are tried in their order.
"""

from collections.abc import Iterable

from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from filmgate.core.errors import FilmgateError, NotFound
from filmgate.http.endpoints import Endpoint, routes_of


class MethodNotAllowed(FilmgateError):
    """The address takes other methods: those that are `allowed`."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: frozenset[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"{method} is not possible here; this address takes {self.allowed}.")


class Routing:
    """The innermost application. Of several endpoints that match, the first answers."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        routes = routes_of(endpoints)
        self._fixed = {
            (method, route.path): route
            for route in reversed(routes)
            if "{" not in route.path
            for method in route.methods or ()
        }
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises NotFound or MethodNotAllowed. The route that was found is left in the scope, for the metrics."""
        route = self._fixed.get((scope["method"], scope["path"]))
        if route is None:
            route = self._find(scope)
        scope["route"] = route
        await route.app(scope, receive, send)

    def _find(self, scope: Scope) -> Route:
        near: list[Route] = []
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                return route
            if match is Match.PARTIAL:
                near.append(route)
        if not near:
            path = scope["path"]
            raise NotFound(f"There is nothing at {path[:200]!r}. See /docs for what there is.")
        scope["route"] = near[0]
        allowed = frozenset(method for route in near for method in route.methods or ())
        raise MethodNotAllowed(scope["method"], allowed)
