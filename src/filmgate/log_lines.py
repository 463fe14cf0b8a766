"""Where lines of the log go: standard error, together where they come together."""

import asyncio
import atexit
import threading
from contextlib import suppress
from typing import TextIO


class LogLines:
    """What structlog hands finished lines to: it has a logger's methods.

    What merely happens is written once a turn of the event loop: under load, a write for each request would take a
    thirtieth of its time. What goes wrong is written at once, behind what happened before it.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._due_on: asyncio.AbstractEventLoop | None = None
        """Whose turn ends with the next writing."""
        atexit.register(self.write)

    def info(self, line: str) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # in a thread, or before there is one
            self.error(line)
            return
        with self._lock:
            self._lines.append(line)
        if self._due_on is not loop:
            self._due_on = loop
            loop.call_soon(self.write)

    debug = info

    def error(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)
        self.write()

    warning = critical = error

    def write(self) -> None:
        """What has come, in its order."""
        self._due_on = None
        with self._lock:
            lines, self._lines = self._lines, []
            # On a full disk, or with nobody there who reads, lines are lost: no request may fail for want of them, and
            # there is nowhere to say so.
            if lines:
                with suppress(OSError):
                    self._out.write("\n".join([*lines, ""]))
                    self._out.flush()
