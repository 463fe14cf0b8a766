"""Connections: how many there may be, how large the head of a request, and how long a client may keep one waiting.

Uvicorn bounds none of these by itself. What a body may take is decided further in, where it can be answered.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, ClassVar, cast

import structlog

from filmgate.http.addresses import network_of
from filmgate.http.gathering import Gathering
from filmgate.http.prompt import PromptProtocol
from filmgate.net.addresses import IPNetwork

HEAD_LIMIT = 64 * 1024
"""Bytes of a request's line and headers."""

HEADER_LIMIT = 100
PIPELINE_LIMIT = 16
"""Requests sent ahead on one connection, while it waits for an answer."""

HEAD_TIME = timedelta(seconds=20)
"""For a new connection to say what it wants, and for what is left of a body that nobody reads."""

STALL_TIME = timedelta(seconds=60)
"""For a client to take the next 64 KiB or so of its answer. A player that pauses asks again later, with a range."""

_log = structlog.get_logger("filmgate.http")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """What all connections of one server share. `exempt` networks, proxies, speak for many and have no limit of
    their own; any other network may have half of all connections.
    """

    most: int
    exempt: Sequence[IPNetwork] = ()
    head_time: timedelta = HEAD_TIME
    stall_time: timedelta = STALL_TIME
    open: Counter[str] = field(default_factory=Counter)
    """By the network that they come from."""

    def protocol(self) -> type[asyncio.Protocol]:
        """For uvicorn, which makes one of these for each connection."""
        return type("Connection", (_Connection,), {"doorway": self})

    def is_full(self, host: str) -> bool:
        """With the newest connection, from there, counted already."""
        is_crowd = self.open[network_of(host)] > max(self.most // 2, 1)
        return self.open.total() > self.most or (is_crowd and not self._is_exempt(host))

    def _is_exempt(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self.exempt)


class _Connection(PromptProtocol):
    """Uvicorn's, with an end to its patience."""

    doorway: ClassVar[Doorway]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._host = ""
        self._is_in_head = True
        self._head_bytes = self._piece_bytes = self._trailer_bytes = 0
        self._owed: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", Gathering(transport, self.loop)))
        self._host = self.client[0] if self.client else ""
        self.doorway.open[network_of(self._host)] += 1
        if self.doorway.is_full(self._host):
            _log.warning("too many connections", address=network_of(self._host))
            self._refuse(_FULL)
        else:
            self._expect_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        self._stop_stalling()
        place = network_of(self._host)
        self.doorway.open[place] -= 1
        if not self.doorway.open[place]:
            del self.doorway.open[place]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._piece_bytes = len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._is_in_head and self._head_bytes > HEAD_LIMIT:
            self._refuse(_LARGE_HEAD)
        elif self.timeout_keep_alive_task is None and not self._is_answering():
            # Whatever this is, uvicorn has just stopped its own clock for it.
            self._expect_more()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:
            super().on_header(name, value)
            return
        # A trailer, which nobody reads and uvicorn would keep.
        self._trailer_bytes += len(name) + len(value) + len(b": \r\n")
        if self._trailer_bytes > HEAD_LIMIT:
            self._refuse(_LARGE_HEAD)
            raise ValueError  # the parser stops

    def on_headers_complete(self) -> None:
        # No head is larger than what has come of it: only of a large piece need it be measured.
        may_be_large = max(self._head_bytes, 0) + self._piece_bytes > HEAD_LIMIT
        if len(self.headers) > HEADER_LIMIT or (may_be_large and self._measured() > HEAD_LIMIT):
            self._refuse(_LARGE_HEAD)
        if len(self.pipeline) >= PIPELINE_LIMIT:
            self._refuse(_FULL)
        if self.transport.is_closing():
            raise ValueError  # the parser stops, and nobody begins to answer
        self._is_in_head = False
        self._trailer_bytes = 0
        self._stop_expecting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_head = True
        self._head_bytes = -self._piece_bytes  # whatever else is in this piece is not counted
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            seconds = self.doorway.stall_time.total_seconds()
            self._stalled = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_stalling()

    def _measured(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_more(self) -> None:
        if self._owed is None:
            seconds = self.doorway.head_time.total_seconds()
            self._owed = self.loop.call_later(seconds, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._owed is not None:
            self._owed.cancel()
            self._owed = None

    def _stop_stalling(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _refuse(self, answer: bytes) -> None:
        # Into the middle of another answer it must not be written.
        if not self._is_answering() and not self.transport.is_closing():
            self.transport.write(answer)
        self.transport.close()


def _raw_answer(status: bytes, message: bytes, *headers: bytes) -> bytes:
    lines = [
        b"HTTP/1.1 " + status,
        b"content-type: text/plain; charset=utf-8",
        b"content-length: %d" % len(message),
        b"x-content-type-options: nosniff",
        b"connection: close",
        *headers,
    ]
    return b"\r\n".join([*lines, b"", message])


_FULL = _raw_answer(
    b"503 Service Unavailable", b"Too many connections are open.", b"retry-after: 5"
)
_LARGE_HEAD = _raw_answer(
    b"431 Request Header Fields Too Large", b"The head of the request is too large."
)
