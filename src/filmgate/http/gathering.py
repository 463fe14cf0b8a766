"""Gathering: what is written to a connection in one turn of the event loop goes out in one piece.

Uvicorn writes the head of an answer and its body one after the other, and the loop sends each at once: for a small
answer the second system call, and the second packet, cost more than to make the answer. And clients that are answered
together ask again together: sent one by one, answers that are written in one piece take half as much again.
"""

import asyncio
from typing import Any

_SENT_AT_ONCE = 64 * 1024
"""Bytes that need not wait for more."""


class Gathering:
    """A transport, whose writes it holds until the turn ends. All else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes >= _SENT_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._held_bytes = 0
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
