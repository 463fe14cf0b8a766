"""Lines of the log: together where they come together, at once where something goes wrong, and in their order."""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from filmgate.log_lines import LogLines


class Counted(io.StringIO):
    """How often something was written."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


async def test_what_happens_in_one_turn_of_the_loop_is_one_write() -> None:
    out = Counted()
    lines = LogLines(out)
    for number in range(3):
        lines.info(f"{number}")
    assert out.getvalue() == ""
    await asyncio.sleep(0)
    lines.debug("3")
    await asyncio.sleep(0)
    assert (out.getvalue(), out.writes) == ("0\n1\n2\n3\n", 2)


@pytest.mark.parametrize("method", ["warning", "error", "critical"])
async def test_what_goes_wrong_is_written_at_once_behind_what_happened_before(method: str) -> None:
    out = Counted()
    lines = LogLines(out)
    lines.info("before")
    getattr(lines, method)("wrong")
    assert (out.getvalue(), out.writes) == ("before\nwrong\n", 1)
    await asyncio.sleep(0)
    assert out.writes == 1


async def test_threads_write_at_once_and_lose_nothing() -> None:
    out = Counted()
    lines = LogLines(out)

    def work(name: str) -> None:
        for number in range(500):
            lines.info(f"{name} {number}")

    async def log() -> None:
        for number in range(500):
            lines.info(f"loop {number}")
            await asyncio.sleep(0)

    await asyncio.gather(*(asyncio.to_thread(work, name) for name in "abcd"), log())
    await asyncio.sleep(0)
    found = out.getvalue().splitlines()
    assert len(found) == 5 * 500
    for name in ("a", "b", "c", "d", "loop"):
        own = [line for line in found if line.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(500)]


def test_a_loop_that_ended_too_soon_leaves_its_lines_to_the_next() -> None:
    out = Counted()
    lines = LogLines(out)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def last_words() -> None:
        lines.info("the last words")
        first.stop()

    async def go_on() -> None:
        lines.info("another")
        await asyncio.sleep(0)

    dying = first.create_task(last_words())
    first.run_forever()
    assert dying.done()
    second.run_until_complete(go_on())
    second.close()
    assert out.getvalue() == "the last words\nanother\n"
    first.close()


def full_disk() -> TextIO:
    return os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")


def broken_pipe() -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


@pytest.mark.parametrize("opened", [full_disk, broken_pipe])
async def test_lines_that_cannot_be_written_are_nobodys_failure(
    opened: Callable[[], TextIO],
) -> None:
    out = opened()
    lines = LogLines(out)
    lines.info("lost")
    await asyncio.sleep(0)
    lines.error("lost, too")
    with pytest.raises(OSError, match=r"No space left|Broken pipe"):
        out.close()


@pytest.mark.parametrize("style", ["json", "text"])
def test_the_last_lines_of_a_process_are_written(tmp_path: Path, style: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"""
import asyncio, structlog
from filmgate.telemetry import set_up_logging
set_up_logging(level="info", style={style!r})
async def main():
    structlog.get_logger().info("the very last")
    asyncio.get_running_loop().stop()
loop = asyncio.new_event_loop()
loop.create_task(main())
loop.run_forever()
"""
    )
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stderr.count("the very last") == 1
    assert ended.stdout == ""
