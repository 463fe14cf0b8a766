"""A loopback server that plays the public internet: nothing else is ever dialled from these tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpcore2

from filmgate.net.addresses import IPNetwork
from filmgate.net.dialling import connect_by_tcp
from filmgate.net.guarded import GuardedClient

PUBLIC = "93.184.215.14"
"""Looks like an address of the public internet; the stub `connect` leads it to the loopback server."""

LIMIT = 1000
"""Bytes that `fetch` takes."""

TLS = b"\x16"
"""The first byte of a handshake."""

Answer = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Internet:
    """What names resolve to, what paths answer, and what was asked of either."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    names: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    """The successive answers to a look-up; the last one is repeated. Unknown names are public."""
    resolved: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)
    tls_answer: bytes = b""
    """What a client that begins TLS is told; nothing leaves it waiting."""
    is_hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """A client has closed a connection on which TLS had begun."""

    async def resolve(self, host: str) -> Sequence[str]:
        self.resolved.append(host)
        answers = self.names.get(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def connect(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((address, port))
        if address in self.unreachable:
            raise OSError(113, "No route to host")
        return await connect_by_tcp("127.0.0.1", self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(1)
            await (self._shake_hands if first == TLS else self._answer)(first, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has seen enough
        finally:
            writer.close()

    async def _answer(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        answer = self.answers[head.split(" ")[1]]
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(reader, writer)

    async def _shake_hands(
        self, _: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self.tls_answer)
        await reader.read()
        self.is_hung_up.set()


def ok(body: bytes = b"picture", *, headers: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def redirect(location: str, *, status: str = "302 Found") -> bytes:
    head = f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return head.encode()


@asynccontextmanager
async def open_client(
    internet: Internet, *, allow: tuple[IPNetwork, ...] = (), seconds: float = 10
) -> AsyncIterator[GuardedClient]:
    client = GuardedClient(
        allow=allow,
        time_limit=timedelta(seconds=seconds),
        resolve=internet.resolve,
        connect=internet.connect,
    )
    async with aclosing(client):
        yield client


async def fetch(client: GuardedClient, url: str = "http://pictures.example/a.png") -> bytes:
    return await client.fetch(url, limit_bytes=LIMIT)
