"""A listener hears what is said, and says so wherever it may have missed something."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from filmgate.database.connection import Database
from filmgate.database.listening import listen
from tests.eventually import eventually


@dataclass
class Listener:
    """What it heard, and how often it may have missed something."""

    database: Database
    payloads: list[str] = field(default_factory=list)
    gaps: int = 0

    def missed(self) -> None:
        self.gaps += 1

    async def has(self, payload: str) -> bool:
        return payload in self.payloads

    async def connected(self) -> int | None:
        async with self.database.connection() as connection:
            pid: int | None = await connection.fetchval(
                """
                select pid from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                  and (query ilike 'listen %' or query = 'select 1')
                """
            )
        return pid

    async def say(self, payload: str) -> None:
        async with self.database.connection() as connection:
            await connection.execute("select pg_notify('news', $1)", payload)


@pytest.fixture
async def listener(database: Database) -> AsyncIterator[Listener]:
    listener = Listener(database)
    async with asyncio.TaskGroup() as life:
        listening = life.create_task(
            listen(database.dsn, "news", heard=listener.payloads.append, missed=listener.missed)
        )
        await eventually(listener.connected)
        yield listener
        listening.cancel()


async def test_what_is_said_is_heard(listener: Listener) -> None:
    await listener.say("first")
    await eventually(lambda: listener.has("first"))
    assert listener.payloads == ["first"]
    assert listener.gaps == 1  # it had not listened before


async def test_a_lost_connection_is_a_gap_and_made_again(listener: Listener) -> None:
    lost = await eventually(listener.connected)
    async with listener.database.connection() as connection:
        await connection.execute("select pg_terminate_backend($1)", lost)

    async def again() -> bool:
        return listener.gaps == 3 and await listener.connected() not in (None, lost)

    await eventually(again)
    await listener.say("second")
    await eventually(lambda: listener.has("second"))
