"""A database that is held up."""

from collections.abc import AsyncIterator

import pytest

from tests.http.polls import (
    HeldDatabase,
)


@pytest.fixture
async def held(dsn: str) -> AsyncIterator[HeldDatabase]:
    database = await HeldDatabase.open(dsn)
    yield database
    database.gate.is_open.set()
    await database.aclose()
