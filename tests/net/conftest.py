"""The stub internet and a client that sees nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from filmgate.net.guarded import GuardedClient
from tests.net.internet import Internet, open_client


@pytest.fixture
async def internet() -> AsyncIterator[Internet]:
    internet = Internet(port=0)
    async with await asyncio.start_server(internet.serve, "127.0.0.1", 0) as server:
        internet.port = server.sockets[0].getsockname()[1]
        yield internet


@pytest.fixture
async def client(internet: Internet) -> AsyncIterator[GuardedClient]:
    async with open_client(internet) as client:
        yield client
