"""Objects that are stored before their row: they stay with it, and go without it."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from filmgate.core.errors import DatabaseUnavailable, OutcomeUnknown
from filmgate.core.spec import ObjectKey
from filmgate.usecases.provisional import Provisional
from tests.fakes import MemoryObjectStore

KEY = ObjectKey("videos/0abc/source.mp4")


@pytest.fixture
def memory(tmp_path: Path) -> MemoryObjectStore:
    return MemoryObjectStore(tmp_path)


async def write() -> str:
    return "row"


async def refuse() -> str:
    raise DatabaseUnavailable("away before anything was written")


async def doubt() -> str:
    raise OutcomeUnknown("away during the commit")


async def be_cancelled() -> str:
    raise asyncio.CancelledError


async def attempt(store: MemoryObjectStore, writing: Awaitable[str]) -> str:
    async with Provisional("videos/0abc/", store) as kept:
        await kept.fill().put_bytes(KEY, b"film")
        return await kept.settle(writing)


async def test_they_stay_with_their_row(memory: MemoryObjectStore) -> None:
    assert await attempt(memory, write()) == "row"
    assert list(memory.objects) == [KEY]


async def test_they_go_without_it(memory: MemoryObjectStore) -> None:
    with pytest.raises(DatabaseUnavailable):
        await attempt(memory, refuse())
    assert memory.objects == {}


@pytest.mark.parametrize("end", [doubt, be_cancelled])
async def test_in_doubt_they_stay(end: object, memory: MemoryObjectStore) -> None:
    assert callable(end)
    with pytest.raises((OutcomeUnknown, asyncio.CancelledError)):
        await attempt(memory, end())
    assert list(memory.objects) == [KEY]


async def test_a_store_that_is_away_does_not_hide_why_the_request_was_refused(
    memory: MemoryObjectStore,
) -> None:
    async def refuse_and_leave() -> str:
        memory.is_away = True
        raise ValueError("the real reason")

    with pytest.raises(ValueError, match="the real reason"):
        await attempt(memory, refuse_and_leave())


async def test_without_objects_the_store_is_not_asked(memory: MemoryObjectStore) -> None:
    memory.is_away = True
    async with Provisional("videos/0abc/", memory):
        pass
