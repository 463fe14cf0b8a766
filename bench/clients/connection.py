"""A client that costs little: one HTTP connection, one request at a time, nothing hidden in between."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import urlsplit

import httptools


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is empty where somebody listened to it piece by piece."""

    status: int
    body: bytes
    location: str | None = None


class ConnectionLost(Exception):
    """The server closed it before the answer was complete."""


class Connection(asyncio.Protocol):
    """`heard` gets each piece of each body as it comes."""

    def __init__(self, heard: Callable[[bytes], None] | None = None) -> None:
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._begun: asyncio.Future[int] | None = None
        self._body = b""
        self._location: str | None = None

    @classmethod
    async def open(cls, url: str, heard: Callable[[bytes], None] | None = None) -> Self:
        loop, parts = asyncio.get_running_loop(), urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        _, connection = await loop.create_connection(lambda: cls(heard), parts.hostname, parts.port)
        return connection

    async def ask(self, request: bytes) -> Answer:
        """Raises ConnectionLost."""
        await self.begin(request)
        return await self.rest()

    async def begin(self, request: bytes) -> int:
        """Send it, and return the status when the head of the answer has come."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._answer, self._begun = loop.create_future(), loop.create_future()
        self._parser, self._body = httptools.HttpResponseParser(self), b""
        self._location = None
        self._transport.write(request)
        return await self._begun

    async def rest(self) -> Answer:
        """The whole answer, once it has ended."""
        assert self._answer is not None
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's says nothing of the kind

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        for waiting in (self._begun, self._answer):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionLost(str(error)))
                waiting.exception()  # somebody may only wait for the other one

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"location":
            self._location = value.decode()

    def on_headers_complete(self) -> None:
        if self._begun is not None and not self._begun.done():
            self._begun.set_result(self._parser.get_status_code())

    def on_body(self, piece: bytes) -> None:
        if self._heard is None:
            self._body += piece
        else:
            self._heard(piece)

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result(Answer(status, self._body, self._location))


def get(path: str, headers: Mapping[str, str]) -> bytes:
    """A request, as bytes."""
    told = "".join(
        f"{name}: {value}\r\n" for name, value in ({"Host": "bench"} | {**headers}).items()
    )
    return f"GET {path} HTTP/1.1\r\n{told}\r\n".encode()


def post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request with a body of JSON, as bytes."""
    told = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
    return get(path, told).replace(b"GET", b"POST", 1) + body


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
