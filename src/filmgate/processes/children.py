"""Child processes for what computes, so that the event loop never does.

A child is started with the first order, serves one order at a time, is killed when its order is
cancelled, and leaves after an idle minute. It gets none of our environment, so no credentials.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from filmgate.processes.outcomes import SCARCE, ChildBroken, Refused

LINE_LIMIT_BYTES = 1 << 20


@dataclass(slots=True)
class _Idle:
    process: Process
    leaving: asyncio.TimerHandle


class Children:
    """A set of children that all run the same function, as many at once as there are orders."""

    def __init__(
        self,
        target: str,
        *,
        environment: Mapping[str, str],
        idle_after: timedelta = timedelta(minutes=1),
    ) -> None:
        """`target` is the `module:function` that `child.py` calls with each order."""
        self._target = target
        self._environment = {"PATH": os.defpath, **environment}
        self._idle_after = idle_after
        self._idle: list[_Idle] = []

    async def run(
        self, order: Mapping[str, object], *, on_progress: Callable[[float], None]
    ) -> Any:
        """Have a child carry out the order, and return what it returned; cancelling this kills the child.

        Raises Refused when the child said so, ChildBroken when it broke or died, and OSError when this machine
        has too little left of something.
        """
        process = await self._take()
        try:
            result = await self._carry_out(process, order, on_progress=on_progress)
        except Refused:
            self._put_back(process)
            raise
        except BaseException:
            await _kill(process)
            raise
        self._put_back(process)
        return result

    async def aclose(self) -> None:
        """Send the idle children away. Those at work are ended by cancelling their `run`."""
        for idle in self._idle:
            idle.leaving.cancel()
            await _kill(idle.process)
        self._idle.clear()

    async def _take(self) -> Process:
        while self._idle:
            idle = self._idle.pop()
            idle.leaving.cancel()
            if idle.process.returncode is None:
                return idle.process
        return await self._start()

    def _put_back(self, process: Process) -> None:
        loop = asyncio.get_running_loop()
        leaving = loop.call_later(self._idle_after.total_seconds(), self._dismiss, process)
        self._idle.append(_Idle(process, leaving))

    def _dismiss(self, process: Process) -> None:
        self._idle = [idle for idle in self._idle if idle.process is not process]
        assert process.stdin is not None
        process.stdin.close()  # the child leaves when its input ends

    async def _start(self) -> Process:
        """Raises OSError when this machine has no process, memory or file to spare for a child."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "filmgate.processes.child",
            self._target,
            stdin=PIPE,
            stdout=PIPE,
            stderr=None,
            env=self._environment,
            limit=LINE_LIMIT_BYTES,
            start_new_session=True,  # a Ctrl-C is for the server, which then decides
        )

    async def _carry_out(
        self,
        process: Process,
        order: Mapping[str, object],
        *,
        on_progress: Callable[[float], None],
    ) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):  # a child that died says so by the end of its output
            process.stdin.write(json.dumps(order).encode() + b"\n")
            await process.stdin.drain()
        while line := await process.stdout.readline():
            event = json.loads(line)
            match event["event"]:
                case "progress":
                    on_progress(event["percent"])
                case "finished":
                    return event["result"]
                case "refused":
                    raise Refused(event["code"], event["message"])
                case "broken":
                    raise _broken(event["message"], number=event["errno"])
        raise ChildBroken(f"it ended in mid-work (exit status {await process.wait()})")


def _broken(message: str, *, number: int | None) -> Exception:
    if number in SCARCE:
        return OSError(number, os.strerror(number))
    return ChildBroken(message)


async def _kill(process: Process) -> None:
    """The child and whatever it has started: it leads a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
