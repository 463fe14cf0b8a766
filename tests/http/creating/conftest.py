"""A short cut that is on, and the two ways."""

from collections.abc import AsyncIterator

import pytest

from filmgate.core.account import Caller
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.usecases import accounts
from tests.http.creating.creates import Create, Twice, awake, create_of


@pytest.fixture
async def caller(database: Database, key: str) -> Caller:
    return await accounts.authenticate(database, key)


@pytest.fixture
async def up(services: Services, key: str) -> AsyncIterator[None]:
    """The short cut is on."""
    async with awake(services, key=key):
        yield


@pytest.fixture
def twice(services: Services, caller: Caller, up: None) -> Twice:
    return Twice(services, caller)


@pytest.fixture
def plain(key: str) -> Create:
    return create_of(key)
