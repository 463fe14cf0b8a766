"""The one place that opens connections for strangers: resolve, check every answer, connect to a checked one.

As nothing resolves a second time, rebinding, redirects and pooled connections cannot go round it.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore2

from filmgate.net.addresses import IPAddress, IPNetwork
from filmgate.net.errors import FetchFailed
from filmgate.net.targets import check_address

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""From a host name to its addresses. Raises OSError when there are none."""

Connect = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]
"""From an address and a port to an open stream. Raises OSError or httpcore2's connection errors."""

_CONNECT_SECONDS = 5
_TRIED_ADDRESSES = 4


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Dials public addresses on the web's ports, and whatever lies in the `allow` networks."""

    def __init__(self, *, resolve: Resolve, connect: Connect, allow: Sequence[IPNetwork]) -> None:
        self._resolve = resolve
        self._connect = connect
        self._allow = tuple(allow)

    async def connect_tcp(
        self, host: str, port: int, *_: object, **__: object
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._addresses(host)
        for address in addresses:
            check_address(address, port, allow=self._allow)
        return await self._first_to_answer(addresses, port)

    async def _addresses(self, host: str) -> list[IPAddress]:
        literal = _parsed(host)
        if literal is not None:
            return [literal]
        try:
            answers = await self._resolve(host)
        except OSError as error:
            raise FetchFailed(f"The host {host!r} cannot be found.") from error
        addresses = [address for address in map(_parsed, answers) if address is not None]
        if not addresses or len(addresses) < len(answers):
            raise FetchFailed(f"The host {host!r} has no address that can be dialled.")
        return addresses

    async def _first_to_answer(
        self, addresses: Sequence[IPAddress], port: int
    ) -> httpcore2.AsyncNetworkStream:
        failures = []
        for address in addresses[:_TRIED_ADDRESSES]:
            try:
                return _Stream(await self._connect(str(address), port))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout, OSError) as error:
                failures.append(error)
        raise FetchFailed("The host does not accept connections.") from failures[-1]


class _Stream(httpcore2.AsyncNetworkStream):
    """Closes the connection when its handshake is given up: httpcore2 would leave it open."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self._inner = inner

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore2's signature, here and below
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._inner.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


async def resolve_by_system(host: str) -> Sequence[str]:
    """As this machine resolves names, its hosts file included."""
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in answers]


async def connect_by_tcp(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    return await httpcore2.AnyIOBackend().connect_tcp(address, port, timeout=_CONNECT_SECONDS)


def _parsed(text: str) -> IPAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
