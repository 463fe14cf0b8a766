"""Which endpoint a request is for: as if each were tried in its order, however it is found."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Message, Scope

from filmgate.core.errors import NotFound
from filmgate.http.app import endpoints_of
from filmgate.http.dialects.newapi.routes import NewapiRoutes
from filmgate.http.dialects.openai.routes import OpenaiRoutes
from filmgate.http.dialects.relay.routes import RelayRoutes
from filmgate.http.endpoints import Endpoint, routes_of
from filmgate.http.routing import MethodNotAllowed, Routing
from filmgate.http.services import Services

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")


def saying(word: str) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that says which one it is, and what it found in the address."""

    async def answer(request: Request) -> Response:
        return PlainTextResponse(" ".join([word, *request.path_params.values()]))

    return answer


def endpoint(method: str, path: str, word: str = "") -> Endpoint:
    return Endpoint(method, path, saying(word or f"{method} {path}"))


async def find(routing: Routing, method: str, path: str) -> str:
    """What the endpoint says that was found."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await routing(scope_of(method, path), receive, send)
    said: bytes = messages[1]["body"]
    return said.decode()


def scope_of(method: str, path: str) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }


def first_match(routes: Sequence[Route], method: str, path: str) -> Route | None:
    """The long way: in their order."""
    scope = scope_of(method, path)
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)


async def test_an_address_is_found_and_its_parts_are_told() -> None:
    routing = Routing([endpoint("GET", "/a"), endpoint("GET", "/a/{x}"), endpoint("POST", "/a")])
    assert await find(routing, "GET", "/a") == "GET /a"
    assert await find(routing, "POST", "/a") == "POST /a"
    assert await find(routing, "GET", "/a/b") == "GET /a/{x} b"


async def test_of_several_that_match_the_first_answers() -> None:
    routing = Routing(
        [
            endpoint("GET", "/a/fixed", "first"),
            endpoint("GET", "/a/{x}", "second"),
            endpoint("GET", "/a/fixed", "third"),
            endpoint("GET", "/a/{y}", "fourth"),
        ]
    )
    assert await find(routing, "GET", "/a/fixed") == "first"
    assert await find(routing, "GET", "/a/other") == "second other"


async def test_what_was_found_is_told_to_the_metrics() -> None:
    routing = Routing([endpoint("GET", "/a"), endpoint("GET", "/a/{x}"), endpoint("POST", "/a")])
    found = {}
    for method, path in (("GET", "/a"), ("GET", "/a/b"), ("PUT", "/a")):
        scope = scope_of(method, path)
        with suppress(MethodNotAllowed):
            await routing(scope, *_nobody())
        found[method, path] = scope["route"].path
    assert found == {("GET", "/a"): "/a", ("GET", "/a/b"): "/a/{x}", ("PUT", "/a"): "/a"}


async def test_another_method_is_told_all_that_there_are() -> None:
    routing = Routing([endpoint("GET", "/a"), endpoint("DELETE", "/{x}"), endpoint("POST", "/a")])
    with pytest.raises(MethodNotAllowed, match="this address takes DELETE, GET, POST") as told:
        await find(routing, "PUT", "/a")
    assert told.value.allowed == "DELETE, GET, POST"


@pytest.mark.parametrize("path", ["/", "", "/A", "/a/", "//a", "/a/b/c", "/b"])
async def test_another_address_is_not_found(path: str) -> None:
    routing = Routing([endpoint("GET", "/a"), endpoint("GET", "/a/{x}")])
    with pytest.raises(NotFound, match="There is nothing at"):
        await find(routing, "GET", path)


async def test_what_is_not_found_is_quoted_only_so_far() -> None:
    with pytest.raises(NotFound) as told:
        await find(Routing([endpoint("GET", "/a")]), "GET", "/" + "x" * 10_000)
    assert len(told.value.message) < 300


@pytest.mark.parametrize("path", ["/a", "/a/b"])
async def test_where_only_get_is_no_head_is_let_in(path: str) -> None:
    routing = Routing([endpoint("GET", "/a"), endpoint("GET", "/a/{x}")])
    with pytest.raises(MethodNotAllowed):
        await find(routing, "HEAD", path)
    routing = Routing([endpoint("HEAD", "/a"), endpoint("HEAD", "/a/{x}")])
    assert (await find(routing, "HEAD", path)).startswith("HEAD")


def _nobody() -> tuple[Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]]:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """Nobody listens."""

    return receive, send


class TestOurs:
    """All endpoints of this server, under every method that there is."""

    async def test_each_fixed_address_is_the_first_that_matches(self, services: Services) -> None:
        routes = routes_of(endpoints_of(services))
        fixed = [route for route in routes if "{" not in route.path]
        assert len(fixed) > 10
        for route in fixed:
            for method in route.methods or ():
                assert first_match(routes, method, route.path) is route, (method, route.path)

    async def test_however_it_is_looked_for_the_same_is_found(self, services: Services) -> None:
        endpoints = [
            endpoint(each.method, each.path, f"number {number}")
            for number, each in enumerate(endpoints_of(services))
        ]
        routes, routing = routes_of(endpoints), Routing(endpoints)
        for path in {each.path.replace("{", "").replace("}", "") for each in endpoints}:
            for method in METHODS:
                expected = first_match(routes, method, path)
                if expected is None:
                    with pytest.raises(MethodNotAllowed):
                        await find(routing, method, path)
                    continue
                number = routes.index(expected)
                said = await find(routing, method, path)
                assert said.startswith(f"number {number}"), (method, path)

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("/v1/videos", "GET, POST"),
            ("/v1/sora/videos", "POST"),
            ("/kyyAiPower/sora/videos", "POST"),
            ("/v1/video/generations", "POST"),
            ("/v1/videos/video_1/content", "GET, HEAD"),
            ("/v1/videos/video_1", "DELETE, GET"),
        ],
    )
    async def test_another_method_is_told_what_there_is(
        self, anonymous: httpx2.AsyncClient, path: str, allowed: str
    ) -> None:
        answer = await anonymous.request("PATCH", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)

    async def test_where_no_film_is_head_is_refused(self, anonymous: httpx2.AsyncClient) -> None:
        for path in ("/v1/videos", "/v1/models", "/v1/videos/video_1"):
            answer = await anonymous.request("HEAD", path)
            assert answer.status_code == 405, path

    async def test_nothing_is_at_an_unknown_address(self, anonymous: httpx2.AsyncClient) -> None:
        answer = await anonymous.get("/v1/nothing")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert "/v1/nothing" in answer.json()["error"]["message"]

    async def test_every_create_has_its_short_cut(self, services: Services) -> None:
        """And each short cut its endpoint."""
        dialects = (RelayRoutes(services), OpenaiRoutes(services), NewapiRoutes(services))
        creates = {route.path for dialect in dialects for route in dialect.creates()}
        posts = {each.path for each in endpoints_of(services) if each.method == "POST"}
        assert creates <= posts
        assert creates == {
            "/v1/videos",
            "/v1/sora/videos",
            "/sora/videos",
            "/v1/video/generations",
        }
