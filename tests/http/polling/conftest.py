"""A short cut that is on, and its clock."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from filmgate.core.account import Caller
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.http.sightings import Sightings
from filmgate.usecases import accounts
from filmgate.usecases.line import Lines
from tests.http.polling.studio import Studio
from tests.http.polls import (
    Clock,
    sighted,
)
from tests.http.stage import Stage


@pytest.fixture
async def caller(database: Database, key: str) -> Caller:
    return await accounts.authenticate(database, key)


@pytest.fixture
def studio(database: Database, caller: Caller, stage: Stage) -> Studio:
    return Studio(database, caller, stage)


@pytest.fixture
def clock() -> Clock:
    """The sightings': until it is turned, what was seen stays good."""
    return Clock()


@pytest.fixture
def services(services: Services, database: Database, clock: Clock) -> Services:
    sightings = Sightings(database, clock=clock)
    return replace(
        services,
        sightings=sightings,
        lines=Lines(database),
        watch=type(services.watch)(database, sightings),
    )


@pytest.fixture
async def open_eyes(services: Services, key: str) -> AsyncIterator[None]:
    """The short cut is on. Nobody listens for notices."""
    async with sighted(services, key=key):
        yield
