"""A request sleeps until it is woken, its time is up, its client leaves, or it is cancelled."""

import asyncio
from datetime import timedelta

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from filmgate.http.following.alarms import Alarm

LONG, SHORT = timedelta(seconds=60), timedelta(milliseconds=10)


class Client:
    """Sends the rest of a body, stays, and leaves when told to."""

    def __init__(self) -> None:
        self.leaving = asyncio.Event()
        self._rest: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive(self) -> Message:
        if self._rest:
            return self._rest.pop()
        await self.leaving.wait()
        return {"type": "http.disconnect"}


async def test_it_sleeps_until_the_time_is_up() -> None:
    assert not await Alarm().sleep(Client().receive, at_most=SHORT)
    assert not await Alarm().sleep(Client().receive, at_most=timedelta(0))


async def test_it_is_woken_and_sleeps_again() -> None:
    alarm, client = Alarm(), Client()
    async with asyncio.timeout(5):
        asyncio.get_running_loop().call_soon(alarm.ring)
        assert await alarm.sleep(client.receive, at_most=LONG)
    assert not await alarm.sleep(client.receive, at_most=SHORT)


async def test_rung_while_awake_it_does_not_sleep() -> None:
    alarm = Alarm()
    alarm.ring()
    alarm.ring()
    async with asyncio.timeout(5):
        assert await alarm.sleep(Client().receive, at_most=LONG)


async def test_it_may_ring_at_any_moment_while_the_time_runs_out() -> None:
    loop = asyncio.get_running_loop()
    for turns in range(8):
        alarm = Alarm()
        ring_after(turns, alarm, loop)
        rang = await alarm.sleep(Client().receive, at_most=timedelta(0))
        # Heard now or by the next one who sleeps, never lost and never twice.
        assert rang or await alarm.sleep(Client().receive, at_most=LONG)
        assert not await alarm.sleep(Client().receive, at_most=timedelta(0))


def ring_after(turns: int, alarm: Alarm, loop: asyncio.AbstractEventLoop) -> None:
    """Turns of the event loop, that is."""
    if turns:
        loop.call_soon(ring_after, turns - 1, alarm, loop)
    else:
        alarm.ring()


async def test_it_notices_that_the_client_leaves() -> None:
    client = Client()
    asyncio.get_running_loop().call_soon(client.leaving.set)
    with pytest.raises(ClientDisconnect):
        await Alarm().sleep(client.receive, at_most=LONG)


async def test_it_can_be_cancelled_even_as_it_rings() -> None:
    alarm = Alarm()
    async with asyncio.timeout(5), asyncio.TaskGroup() as work:
        sleeping = work.create_task(alarm.sleep(Client().receive, at_most=LONG))
        await asyncio.sleep(0)
        alarm.ring()
        sleeping.cancel()
    assert sleeping.cancelled()
