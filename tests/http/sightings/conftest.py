"""Databases that are counted, and held up."""

from collections.abc import AsyncIterator

import pytest

from tests.http.polls import (
    CountedDatabase,
    HeldDatabase,
)


@pytest.fixture
async def counted(dsn: str) -> AsyncIterator[CountedDatabase]:
    database = await CountedDatabase.open(dsn)
    yield database
    await database.aclose()


@pytest.fixture
async def held(dsn: str) -> AsyncIterator[HeldDatabase]:
    database = await HeldDatabase.open(dsn)
    yield database
    database.gate.is_open.set()
    await database.aclose()
