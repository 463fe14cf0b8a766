"""Child processes: kept warm, told apart by how they end, and gone when nobody needs them."""

import asyncio
import errno
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from filmgate.processes.children import Children
from filmgate.processes.outcomes import ChildBroken, Refused
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]


def some_children(**options: timedelta) -> Children:
    return Children(
        "tests.processes.child_work:work", environment={"PYTHONPATH": str(ROOT)}, **options
    )


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    children = some_children()
    yield children
    await children.aclose()


def ignore(_: float) -> None:
    pass


async def report(children: Children, file: Path) -> tuple[int, str]:
    await children.run({"do": "report", "file": str(file)}, on_progress=ignore)
    pid, _, environment = file.read_text().partition(" ")  # noqa: ASYNC240
    return int(pid), environment


async def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_an_order_is_carried_out_and_its_progress_told(
    children: Children, tmp_path: Path
) -> None:
    told: list[float] = []
    await children.run({"do": "report", "file": str(tmp_path / "x")}, on_progress=told.append)
    assert told == [50]


async def test_the_same_child_serves_one_order_after_another(
    children: Children, tmp_path: Path
) -> None:
    first, _ = await report(children, tmp_path / "x")
    second, _ = await report(children, tmp_path / "x")
    assert first == second


async def test_two_orders_at_once_have_two_children(children: Children, tmp_path: Path) -> None:
    (first, _), (second, _) = await asyncio.gather(
        report(children, tmp_path / "a"), report(children, tmp_path / "b")
    )
    assert first != second


async def test_a_child_gets_none_of_our_environment(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILMGATE_DATABASE_URL", "postgresql://u:hush@h/d")
    _, environment = await report(children, tmp_path / "x")
    assert "FILMGATE" not in environment
    assert "HOME" not in environment


async def test_what_the_work_returns_comes_back(children: Children) -> None:
    order = {"do": "chatter", "returning": [1, {"a": None}]}
    assert await children.run(order, on_progress=ignore) == [1, {"a": None}]


async def test_what_a_library_prints_is_not_taken_for_an_event(children: Children) -> None:
    await children.run({"do": "chatter"}, on_progress=ignore)


async def test_a_refusal_is_final_and_the_child_goes_on(children: Children, tmp_path: Path) -> None:
    before, _ = await report(children, tmp_path / "x")
    with pytest.raises(Refused, match="No") as caught:
        await children.run({"do": "refuse"}, on_progress=ignore)
    assert caught.value.code == "moderation_blocked"
    assert (await report(children, tmp_path / "x"))[0] == before


@pytest.mark.parametrize(
    ("do", "words"), [("break", "^ZeroDivisionError$"), ("die", "exit status 9")]
)
async def test_a_broken_child_is_replaced(
    do: str, words: str, children: Children, tmp_path: Path
) -> None:
    before, _ = await report(children, tmp_path / "x")
    with pytest.raises(ChildBroken, match=words):
        await children.run({"do": do}, on_progress=ignore)
    assert (await report(children, tmp_path / "x"))[0] != before


async def test_what_the_machine_is_short_of_is_told_as_such_and_nothing_else_is(
    children: Children,
) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        await children.run({"do": "run out"}, on_progress=ignore)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename is None
    with pytest.raises(ChildBroken, match=r"^FileNotFoundError$"):
        await children.run({"do": "miss"}, on_progress=ignore)


@pytest.mark.parametrize("do", ["hang", "breed"])
async def test_cancelling_kills_the_child_and_its_own_at_once(
    do: str, children: Children, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    work = asyncio.gather(children.run({"do": do, "file": str(file)}, on_progress=ignore))

    async def pid() -> str:
        return file.read_text() if file.exists() else ""

    child = int(await eventually(pid))
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    async def gone() -> bool:
        return await is_gone(child)

    await eventually(gone)


async def test_an_idle_child_leaves(tmp_path: Path) -> None:
    children = some_children(idle_after=timedelta(milliseconds=50))
    pid, _ = await report(children, tmp_path / "x")

    async def gone() -> bool:
        return await is_gone(pid)

    await eventually(gone)
    assert (await report(children, tmp_path / "x"))[0] != pid
    await children.aclose()


async def test_closing_sends_everyone_away(tmp_path: Path) -> None:
    children = some_children()
    pid, _ = await report(children, tmp_path / "x")
    await children.aclose()
    assert await is_gone(pid)
