"""An answer that many ask for at once."""

import asyncio
from datetime import timedelta

import pytest

from filmgate.usecases.shared import Shared

LONG, NOT_AT_ALL = timedelta(hours=1), timedelta(0)


class Oracle:
    """Answers with how often it was asked, once it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.is_out_of_order = False

    async def ask(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        if self.is_out_of_order:
            raise ConnectionError
        return self.asked


@pytest.mark.parametrize("good_for", [LONG, NOT_AT_ALL])
async def test_many_who_ask_at_once_are_one(good_for: timedelta) -> None:
    """However long the answer took: whoever asked before it came takes it."""
    oracle = Oracle()
    shared = Shared(oracle.ask, good_for=good_for)
    async with asyncio.TaskGroup() as askers:
        tasks = [askers.create_task(shared.get()) for _ in range(50)]
        askers.create_task(_later(oracle.may_answer))
    assert {task.result() for task in tasks} == {1}


async def test_an_answer_is_good_for_its_time_alone() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    kept, fresh = Shared(oracle.ask, good_for=LONG), Shared(oracle.ask, good_for=NOT_AT_ALL)
    assert [await kept.get(), await kept.get()] == [1, 1]
    assert [await fresh.get(), await fresh.get()] == [2, 3]


async def test_where_the_one_who_asks_is_cancelled_another_asks() -> None:
    oracle = Oracle()
    shared = Shared(oracle.ask, good_for=LONG)
    async with asyncio.TaskGroup() as askers:
        first = askers.create_task(shared.get())
        second = askers.create_task(shared.get())
        await asyncio.sleep(0)
        first.cancel()
        askers.create_task(_later(oracle.may_answer))
    assert first.cancelled()
    assert second.result() == 2


async def test_a_failure_is_that_of_all_who_waited() -> None:
    oracle = Oracle()
    oracle.is_out_of_order = True
    shared = Shared(oracle.ask, good_for=LONG)
    async with asyncio.TaskGroup() as askers:
        tasks = [askers.create_task(_failing(shared)) for _ in range(50)]
        askers.create_task(_later(oracle.may_answer))
    assert (
        len({id(task.result()) for task in tasks}) == 50
    )  # each its own: who raises one adds to it
    assert oracle.asked == 1


async def _failing(shared: Shared[int]) -> ConnectionError:
    with pytest.raises(ConnectionError) as raised:
        await shared.get()
    return raised.value


async def test_a_failure_is_not_kept() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    shared = Shared(oracle.ask, good_for=LONG)
    oracle.is_out_of_order = True
    with pytest.raises(ConnectionError):
        await shared.get()
    oracle.is_out_of_order = False
    assert await shared.get() == 2


async def _later(event: asyncio.Event) -> None:
    event.set()
