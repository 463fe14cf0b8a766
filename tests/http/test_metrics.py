"""How requests are counted on their way, and which of them are written into the log."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from structlog.testing import capture_logs

from filmgate.http.around import Around, is_good_poll
from filmgate.http.dialects.openai import errors as openai_errors
from filmgate.http.endpoints import Endpoint
from filmgate.http.refusing import Refusals
from filmgate.http.routing import Routing
from filmgate.metrics import counts
from filmgate.metrics.requests import RequestMetrics
from tests.http.stage import UNKNOWN, Stage

REFUSALS = Refusals(dialects=[], fallback=openai_errors.write)


class Shop:
    """A small application inside the middleware that counts, as the real one is."""

    def __init__(self) -> None:
        self.requests = RequestMetrics()
        routing = Routing(
            [
                Endpoint("GET", "/things/{id}", self.thing),
                Endpoint("GET", "/held", self.held),
                Endpoint("GET", "/stream", self.stream),
                Endpoint("GET", "/broken", self.broken),
                Endpoint("GET", "/left", self.leave),
            ]
        )
        self.app = Around(routing, refusals=REFUSALS, requests=self.requests)

    async def get(self, path: str, *, method: str = "GET") -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, path)

    @property
    def counted(self) -> dict[tuple[str, ...], float]:
        return dict(self.requests.total.read())

    @property
    def timed(self) -> dict[tuple[str, ...], int]:
        read = self.requests.seconds.read()
        return {values: sum(durations.counts) for values, durations in read.items()}

    async def thing(self, request: Request) -> Response:
        assert self.requests.in_progress == 1
        return PlainTextResponse(request.path_params["id"])

    async def held(self, _: Request) -> Response:
        return PlainTextResponse("now", headers={"preference-applied": "wait=20"})

    async def stream(self, _: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            assert self.counted[("GET", "/stream", "200")] == 1
            yield b"second"

        return StreamingResponse(pieces())

    async def broken(self, _: Request) -> Response:
        raise ZeroDivisionError

    async def leave(self, _: Request) -> Response:
        raise ClientDisconnect


async def test_requests_are_told_apart_by_route_and_not_by_address() -> None:
    shop = Shop()
    for address in ("/things/1", "/things/2", "/kyyAiPower/things/3"):
        assert (await shop.get(address)).status_code == 200
    assert shop.counted == {("GET", "/things/{id}", "200"): 3}
    assert shop.timed == {("GET", "/things/{id}"): 3}


async def test_addresses_where_nothing_is_are_one() -> None:
    shop = Shop()
    for address in ("/a", "/b/c", "/things/1/more"):
        await shop.get(address)
    assert shop.counted == {("GET", "unknown", "404"): 3}


async def test_a_wrong_method_is_counted_at_its_route() -> None:
    shop = Shop()
    await shop.get("/things/1", method="DELETE")
    assert shop.counted == {("DELETE", "/things/{id}", "405"): 1}


async def test_a_request_that_asked_to_wait_says_nothing_of_our_speed() -> None:
    shop = Shop()
    await shop.get("/held")
    assert shop.counted == {("GET", "/held", "200"): 1}
    assert shop.timed == {("GET", "/held"): 0}


async def test_a_stream_is_counted_when_it_begins() -> None:
    shop = Shop()
    assert (await shop.get("/stream")).text == "firstsecond"
    assert shop.timed == {("GET", "/stream"): 1}


async def test_a_fault_of_ours_is_a_500() -> None:
    shop = Shop()
    with capture_logs():
        assert (await shop.get("/broken")).status_code == 500
    assert shop.counted == {("GET", "/broken", "500"): 1}


async def test_a_client_that_leaves_before_it_is_answered_is_counted_without_a_status() -> None:
    shop = Shop()
    # The client of this test is none that could leave, and so has to be answered.
    with capture_logs(), pytest.raises(AssertionError):
        await shop.get("/left")
    assert shop.counted == {("GET", "/left", "none"): 1}
    assert shop.timed == {("GET", "/left"): 0}


async def test_nothing_is_in_progress_in_the_end() -> None:
    shop = Shop()
    await shop.get("/things/1")
    with capture_logs():
        await shop.get("/broken")
    assert shop.requests.open.read() == {(): 0}


@pytest.mark.parametrize(
    ("method", "path", "status", "is_one"),
    [
        ("GET", "/v1/videos/video_1", 200, True),
        ("GET", "/v1/videos/video_1", 304, True),
        ("GET", "/v1/result/sora_1", 200, True),
        ("GET", "/kyyAiPower/v1/result/sora_1", 200, True),
        ("GET", "/v1/video/generations/1", 200, True),
        ("GET", "/v1/videos/video_1", 404, False),
        ("GET", "/v1/videos/video_1", 401, False),
        ("GET", "/v1/videos/video_1", 503, False),
        ("GET", "/v1/videos/video_1", None, False),
        ("GET", "/v1/videos/video_1/content", 200, False),
        ("GET", "/v1/videos/video_1/events", 200, False),
        ("GET", "/v1/videos", 200, False),
        ("DELETE", "/v1/videos/video_1", 200, False),
        ("HEAD", "/v1/videos/video_1", 200, False),
        ("GET", "/healthz", 200, False),
    ],
)
def test_a_good_poll_is_a_look_at_one_video_that_succeeded(
    method: str, path: str, status: int | None, *, is_one: bool
) -> None:
    assert is_good_poll(method, path, status) is is_one


async def test_only_good_polls_are_left_out_of_the_usual_log(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    with capture_logs() as lines:
        created = await client.post("/v1/videos", json={"prompt": "A cat"})
        found = await client.get(f"/v1/videos/{created.json()['id']}")
        await client.get(
            f"/v1/videos/{created.json()['id']}", headers={"if-none-match": found.headers["etag"]}
        )
        await client.get(f"/v1/videos/video_{UNKNOWN}")
    told = [(line["method"], line["status"], line["log_level"]) for line in lines]
    assert told == [
        ("POST", 200, "info"),
        ("GET", 200, "debug"),
        ("GET", 304, "debug"),
        ("GET", 404, "info"),
    ]


async def test_the_application_counts_what_it_answers(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    def count(method: str, route: str, status: str) -> float:
        return counts.requests.total.read().get((method, route, status), 0)

    asked = [
        ("POST", "/v1/videos", "200"),
        ("GET", "/v1/videos/{id}", "200"),
        ("GET", "/v1/videos/sora_{id}", "200"),
        ("GET", "unknown", "404"),
    ]
    before = [count(*each) for each in asked]
    created = await client.post("/v1/videos", json={"prompt": "A cat"})
    wire_id = created.json()["id"]
    await client.get(f"/v1/videos/{wire_id}")
    await client.get(f"/kyyAiPower/v1/videos/sora_{wire_id.removeprefix('video_')}")
    await client.get("/nothing")
    assert [count(*each) for each in asked] == [number + 1 for number in before]
