"""The deliverer against real receivers: what arrives there, and what becomes of it when they misbehave."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from ipaddress import ip_network

import asyncpg
import pytest
from standardwebhooks import Webhook

from filmgate.core.account import Caller
from filmgate.core.errors import DatabaseUnavailable
from filmgate.core.video import Video
from filmgate.core.webhook import (
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    Endpoint,
    HeldDelivery,
    Schedule,
    secret_text,
)
from filmgate.database.connection import Database
from filmgate.database.notices import CHANNEL
from filmgate.net.guarded import GuardedClient
from filmgate.usecases import deliveries, videos, webhooks
from filmgate.webhooks.sending import attempt_delivery
from filmgate.worker.deliverer import Deliverer, DelivererLimits, Send
from filmgate.worker.wakeups import Wakeups
from tests.eventually import eventually
from tests.scripted_server import Received, Reply, ScriptedServer
from tests.usecases.conftest import Owner

LOOPBACK = (ip_network("127.0.0.0/8"),)
SOON = Schedule(pauses=(timedelta(milliseconds=50),), lasts=timedelta(minutes=1))
LIMITS = DelivererLimits(grace=timedelta(milliseconds=100))
OK = Reply(204)


@dataclass(frozen=True)
class Scene:
    """An account that wants to be told of its videos, and workers that tell it."""

    database: Database
    owner: Owner
    client: GuardedClient

    async def endpoint(self, url: str) -> tuple[Endpoint, str]:
        endpoint, secret = await webhooks.create(
            self.database,
            account_id=self.owner.account_id,
            url=url,
            events=None,
            allow=LOOPBACK,
        )
        return endpoint, secret_text(secret)

    async def end_a_video(self) -> Video:
        video = await self.owner.create()
        return await videos.cancel(self.database, video.id, account_id=self.owner.account_id)

    async def log(self, endpoint: Endpoint) -> list[Delivery]:
        page = await deliveries.list_page(
            self.database, endpoint.id, account_id=self.owner.account_id, after=None, limit=100
        )
        return list(page.deliveries)

    async def settled(self, endpoint: Endpoint) -> list[Delivery]:
        """The endpoint's deliveries, once none of them is pending any more."""

        async def look() -> list[Delivery] | None:
            found = await self.log(endpoint)
            is_over = found and all(one.status is not DeliveryStatus.PENDING for one in found)
            return found if is_over else None

        return await eventually(look)

    async def attempted(self, endpoint: Endpoint, times: int) -> list[DeliveryAttempt]:
        async def look() -> list[DeliveryAttempt] | None:
            attempts = [each for one in await self.log(endpoint) for each in one.attempts]
            return attempts if len(attempts) >= times else None

        return await eventually(look)

    @asynccontextmanager
    async def worker(
        self,
        *,
        schedule: Schedule = SOON,
        limits: DelivererLimits = LIMITS,
        send: Send | None = None,
    ) -> AsyncIterator[None]:
        stop, wakeups = asyncio.Event(), Wakeups(CHANNEL)
        send = send or partial(attempt_delivery, self.client)
        deliverer = Deliverer(self.database, send, schedule=schedule, limits=limits)
        async with asyncio.TaskGroup() as life:
            listening = life.create_task(wakeups.listen(self.database.dsn))
            life.create_task(deliverer.run(stop, wakeups))
            try:
                yield
            finally:
                stop.set()
                listening.cancel()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
async def scene(database: Database, caller: Caller) -> AsyncIterator[Scene]:
    client = GuardedClient(allow=LOOPBACK, time_limit=timedelta(seconds=0.5))
    async with aclosing(client):
        yield Scene(database, Owner(database, caller), client)


def verified(request: Received, secret: str) -> dict[str, object]:
    document: dict[str, object] = Webhook(secret).verify(request.body, dict(request.headers))
    return document


async def test_what_arrives_is_signed_and_says_what_happened(
    scene: Scene, server: ScriptedServer
) -> None:
    server.on("POST", "/hook", OK)
    endpoint, secret = await scene.endpoint(f"{server.url}/hook?a=b")
    async with scene.worker():
        video = await scene.end_a_video()
        (delivery,) = await scene.settled(endpoint)
    (request,) = server.received
    event = delivery.event
    assert video.completed_at is not None
    assert verified(request, secret) == {
        "id": f"evt_{event.id}",
        "object": "event",
        "created_at": int(video.completed_at.timestamp()),
        "type": "video.failed",
        "data": {"id": f"video_{video.id}"},
    }
    assert request.query == {"a": ["b"]}
    assert request.headers["webhook-id"] == f"evt_{event.id}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "filmgate"
    assert delivery.status is DeliveryStatus.DELIVERED


async def test_another_attempt_follows_a_bad_answer_under_the_same_id(
    scene: Scene, server: ScriptedServer
) -> None:
    server.on("POST", "/hook", Reply(500), Reply(404), OK)
    endpoint, secret = await scene.endpoint(f"{server.url}/hook")
    async with scene.worker():
        await scene.end_a_video()
        (delivery,) = await scene.settled(endpoint)
    assert [attempt.status_code for attempt in delivery.attempts] == [500, 404, 204]
    assert len({request.headers["webhook-id"] for request in server.received}) == 1
    assert len({request.body for request in server.received}) == 1
    for request in server.received:
        verified(request, secret)


async def test_a_redirect_is_not_followed(scene: Scene, server: ScriptedServer) -> None:
    server.on("POST", "/hook", Reply(307, headers={"location": "/elsewhere"}), OK)
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    async with scene.worker():
        await scene.end_a_video()
        (delivery,) = await scene.settled(endpoint)
    assert delivery.attempts[0].status_code == 307
    assert "redirects are not followed" in (delivery.attempts[0].error or "")
    assert [request.path for request in server.received] == ["/hook", "/hook"]


async def test_a_receiver_that_hangs_has_had_its_chance(
    scene: Scene, server: ScriptedServer
) -> None:
    server.on("POST", "/hook", Reply(hang=True), OK)
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    async with scene.worker():
        await scene.end_a_video()
        (delivery,) = await scene.settled(endpoint)
    first = delivery.attempts[0]
    assert (first.status_code, first.error) == (None, "The host took longer than 0.5 seconds.")
    assert first.duration >= timedelta(seconds=0.4)


async def test_a_receiver_that_hangs_up_is_tried_again(scene: Scene) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as receiver:
        port = receiver.sockets[0].getsockname()[1]
        endpoint, _ = await scene.endpoint(f"http://127.0.0.1:{port}/")
        async with scene.worker():
            await scene.end_a_video()
            attempts = await scene.attempted(endpoint, 2)
    assert {attempt.error for attempt in attempts} <= {
        "The host's answer is not proper HTTP.",
        "The connection to the host broke off.",
    }


async def test_a_receiver_that_is_gone_is_left_alone(scene: Scene, server: ScriptedServer) -> None:
    server.on("POST", "/hook", Reply(410))
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    async with scene.worker():
        await scene.end_a_video()
        (delivery,) = await scene.settled(endpoint)
        await scene.end_a_video()
        other, _ = await scene.endpoint(f"{server.url}/other")
        server.on("POST", "/other", OK)
        await scene.end_a_video()
        await scene.settled(other)
    assert delivery.status is DeliveryStatus.FAILED
    assert len(server.requests("POST", "/hook")) == 1


async def test_a_private_address_is_refused_and_the_log_says_so(
    scene: Scene, server: ScriptedServer
) -> None:
    """A name that leads inside is found out when it is dialled, whatever was known before."""
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    strict = GuardedClient(time_limit=timedelta(seconds=1))
    async with aclosing(strict), scene.worker(send=partial(attempt_delivery, strict)):
        await scene.end_a_video()
        (attempt, *_) = await scene.attempted(endpoint, 1)
    assert attempt.error == "The host is at a loopback address, which is not dialled."
    assert server.received == []


async def test_both_secrets_sign_after_a_rotation(scene: Scene, server: ScriptedServer) -> None:
    server.on("POST", "/hook", OK)
    endpoint, old = await scene.endpoint(f"{server.url}/hook")
    _, new = await webhooks.rotate(scene.database, endpoint.id, account_id=scene.owner.account_id)
    async with scene.worker():
        await scene.end_a_video()
        await scene.settled(endpoint)
    (request,) = server.received
    assert verified(request, old) == verified(request, secret_text(new))
    assert len(request.headers["webhook-signature"].split(" ")) == 2


async def test_a_slow_endpoint_does_not_hold_up_another(
    scene: Scene, server: ScriptedServer
) -> None:
    slow, quick = Gate(), Gate()
    quick.open()
    first, _ = await scene.endpoint(f"{server.url}/slow")
    second, _ = await scene.endpoint(f"{server.url}/quick")
    gates = {first.id: slow, second.id: quick}

    async def send(held: HeldDelivery) -> DeliveryAttempt:
        return await gates[held.endpoint_id].pass_through(held)

    limits = DelivererLimits(at_once=5, at_once_each=4, grace=timedelta(0))
    async with scene.worker(send=send, limits=limits):
        for _ in range(8):
            await scene.end_a_video()
        await scene.settled(second)
        assert slow.most_at_once == 4
        assert {one.status for one in await scene.log(first)} == {DeliveryStatus.PENDING}
        slow.open()
        await scene.settled(first)


async def test_a_worker_that_dies_before_noting_has_its_deliveries_sent_again(
    scene: Scene, server: ScriptedServer
) -> None:
    server.on("POST", "/hook", OK)
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    is_sent = asyncio.Event()

    async def send_and_die(held: HeldDelivery) -> DeliveryAttempt:
        await attempt_delivery(scene.client, held)
        is_sent.set()
        return await asyncio.Future()

    brief = DelivererLimits(hold_for=timedelta(milliseconds=300))

    async def doomed() -> None:
        async with scene.worker(send=send_and_die, limits=brief):
            await asyncio.Future()

    async with asyncio.TaskGroup() as life:
        task = life.create_task(doomed())
        await scene.end_a_video()
        await is_sent.wait()
        task.cancel()
    assert [one.status for one in await scene.log(endpoint)] == [DeliveryStatus.PENDING]
    async with scene.worker():
        (delivery,) = await scene.settled(endpoint)
    first, second = server.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert len(delivery.attempts) == 1


async def test_a_stopping_worker_gives_back_what_it_cannot_finish(scene: Scene) -> None:
    gate = Gate()
    endpoint, _ = await scene.endpoint("http://127.0.0.1:9/")
    async with scene.worker(send=gate.pass_through, limits=LIMITS):
        await scene.end_a_video()
        await gate.is_reached.wait()
    gate.open()
    async with scene.worker(send=gate.pass_through):
        (delivery,) = await scene.settled(endpoint)
    assert delivery.status is DeliveryStatus.DELIVERED


async def test_what_was_sent_while_the_database_was_away_is_noted_afterwards(
    scene: Scene, server: ScriptedServer
) -> None:
    server.on("POST", "/hook", OK)
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    database = await Interruptible.open(scene.database.dsn)

    async def send(held: HeldDelivery) -> DeliveryAttempt:
        attempt = await attempt_delivery(scene.client, held)
        database.is_away = True
        return attempt

    async with aclosing(database), replace(scene, database=database).worker(send=send):
        await scene.end_a_video()
        await database.is_missed.wait()
        assert [one.status for one in await scene.log(endpoint)] == [DeliveryStatus.PENDING]
        database.is_away = False
        (delivery,) = await scene.settled(endpoint)
    assert len(server.received) == len(delivery.attempts) == 1


async def test_a_bug_in_sending_counts_as_an_attempt_and_ends_nothing_else(scene: Scene) -> None:
    async def have_a_bug(held: HeldDelivery) -> DeliveryAttempt:
        raise ZeroDivisionError

    endpoint, _ = await scene.endpoint("http://127.0.0.1:9/")
    async with scene.worker(send=have_a_bug):
        await scene.end_a_video()
        (first, *_) = await scene.attempted(endpoint, 2)
    assert first.error == "internal error: ZeroDivisionError"


async def test_every_worker_sends_and_none_sends_twice(
    scene: Scene, server: ScriptedServer
) -> None:
    server.on("POST", "/hook", OK)
    endpoint, _ = await scene.endpoint(f"{server.url}/hook")
    async with scene.worker(), scene.worker(), scene.worker():
        for _ in range(20):
            await scene.end_a_video()
        await scene.settled(endpoint)
    assert len({request.headers["webhook-id"] for request in server.received}) == 20
    assert len(server.received) == 20


class Gate:
    """A `send` that waits until it is opened, and then succeeds."""

    def __init__(self) -> None:
        self.is_reached = asyncio.Event()
        self.most_at_once = 0
        self._now = 0
        self._is_open = asyncio.Event()

    def open(self) -> None:
        self._is_open.set()

    async def pass_through(self, held: HeldDelivery) -> DeliveryAttempt:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        self.is_reached.set()
        try:
            await self._is_open.wait()
        finally:
            self._now -= 1
        return DeliveryAttempt(at=held.held_at, status_code=200, error=None, duration=timedelta(0))


class Interruptible(Database):
    """A database that a test can take away from whoever holds this object."""

    def __init__(self, pool: asyncpg.Pool, dsn: str) -> None:
        super().__init__(pool, dsn)
        self.is_away = False
        self.is_missed = asyncio.Event()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        self._be_away_if_told()
        async with super().connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        self._be_away_if_told()
        async with super().transaction() as connection:
            yield connection

    def _be_away_if_told(self) -> None:
        if self.is_away:
            self.is_missed.set()
            raise DatabaseUnavailable("The database is away.")
