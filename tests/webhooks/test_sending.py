"""What an attempt says of the answer that it got, or did not get."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import pytest

from filmgate.core.webhook import DeliveryId, EndpointId, HeldDelivery
from filmgate.net.guarded import GuardedClient
from filmgate.webhooks.sending import attempt_delivery
from tests.scripted_server import Reply, ScriptedServer
from tests.webhooks.test_message import EVENT

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[GuardedClient]:
    client = GuardedClient(allow=[ip_network("127.0.0.0/8")], time_limit=timedelta(seconds=5))
    async with aclosing(client):
        yield client


@pytest.fixture
def held(server: ScriptedServer) -> HeldDelivery:
    return HeldDelivery(
        id=DeliveryId("d"),
        endpoint_id=EndpointId("w"),
        url=f"{server.url}/hook",
        secrets=(bytes(32),),
        event=EVENT,
        begun_at=NOW,
        tries=0,
        held_at=NOW,
        held_until=NOW + timedelta(seconds=30),
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None),
        (299, None),
        (302, "The endpoint answered with status 302, and redirects are not followed."),
        (404, "The endpoint answered with status 404."),
        (500, "The endpoint answered with status 500."),
    ],
)
async def test_only_2xx_is_success(
    client: GuardedClient,
    server: ScriptedServer,
    held: HeldDelivery,
    status: int,
    error: str | None,
) -> None:
    server.on("POST", "/hook", Reply(status))
    attempt = await attempt_delivery(client, held)
    assert (attempt.at, attempt.status_code, attempt.error) == (NOW, status, error)
    assert attempt.has_succeeded is (error is None)


async def test_what_may_not_be_dialled_is_an_attempt_that_failed(held: HeldDelivery) -> None:
    async with aclosing(GuardedClient()) as strict:
        attempt = await attempt_delivery(strict, replace(held, url="http://127.0.0.1/"))
    assert attempt.status_code is None
    assert attempt.error == "The host is at a loopback address, which is not dialled."


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        pytest.param(
            format_datetime(NOW + timedelta(minutes=3), usegmt=True),
            timedelta(minutes=3),
            id="a moment",
        ),
        pytest.param(
            (NOW + timedelta(minutes=3)).strftime("%a, %d %b %Y %H:%M:%S -0000"),
            timedelta(minutes=3),
            id="a moment of no zone",
        ),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 40, None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2027 00:00:00 +999999999999", None),
    ],
)
async def test_the_time_that_an_endpoint_asks_for_is_understood(
    client: GuardedClient,
    server: ScriptedServer,
    held: HeldDelivery,
    value: str,
    pause: timedelta | None,
) -> None:
    server.on("POST", "/hook", Reply(429, headers={"retry-after": value}))
    assert (await attempt_delivery(client, held)).retry_after == pause
