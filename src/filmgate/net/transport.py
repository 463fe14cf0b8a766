"""httpx2's seam onto the guarded backend: every client built on it, redirects included, is guarded.

Errors of httpcore2 end here and become ours.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import httpcore2
import httpx2

from filmgate.net.addresses import IPNetwork
from filmgate.net.dialling import (
    Connect,
    GuardedBackend,
    Resolve,
    connect_by_tcp,
    resolve_by_system,
)
from filmgate.net.errors import FetchFailed
from filmgate.net.urls import check_url

_CONNECTIONS = 100


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Raises FetchRefused and FetchFailed instead of httpx2's own errors."""

    def __init__(
        self,
        *,
        allow: Sequence[IPNetwork] = (),
        resolve: Resolve = resolve_by_system,
        connect: Connect = connect_by_tcp,
    ) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            # Once, for it reads the certificates; left out, the pool would do so for every connection.
            ssl_context=httpcore2.default_ssl_context(),
            max_connections=_CONNECTIONS,
            # Strangers' hosts are seldom met twice, and an address is best checked each time.
            max_keepalive_connections=0,
            network_backend=GuardedBackend(resolve=resolve, connect=connect, allow=allow),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        check_url(request.url)
        with _translated():
            response = await self._pool.handle_async_request(_for_pool(request))
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with _translated():
            await self._response.aclose()


def _for_pool(request: httpx2.Request) -> httpcore2.Request:
    return httpcore2.Request(
        method=request.method,
        url=httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        ),
        headers=request.headers.raw,
        content=request.stream,
        # Time-outs and no more: other extensions could send another server name or target than was checked.
        extensions={"timeout": request.extensions.get("timeout", {})},
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise FetchFailed("The host answers too slowly.") from error
    except httpcore2.ConnectError as error:
        raise FetchFailed("The host's TLS certificate or handshake is not in order.") from error
    except (httpcore2.NetworkError, OSError) as error:
        raise FetchFailed("The connection to the host broke off.") from error
    except httpcore2.ProtocolError as error:
        raise FetchFailed("The host's answer is not proper HTTP.") from error
