"""The client with which we fetch what strangers point us to, and send what they want told elsewhere.

Small bodies, soon, from and to public hosts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from filmgate.net.addresses import IPNetwork
from filmgate.net.dialling import Connect, Resolve, connect_by_tcp, resolve_by_system
from filmgate.net.errors import FetchFailed, FetchRefused, FetchTooLarge
from filmgate.net.transport import GuardedTransport
from filmgate.net.urls import parse_url

REDIRECT_LIMIT = 3
TIME_LIMIT = timedelta(seconds=20)

_POST_ANSWER_BYTES = 4096

# Only plain bodies: an encoding could turn few bytes into very many.
_HEADERS = {"user-agent": "filmgate", "accept": "*/*", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """How a post was answered, whatever the status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]


class GuardedClient:
    """Addresses within `allow` may be dialled on any port, public or not."""

    # Not by httpx2's own client: it reads the body of every redirect without a limit, keeps a stranger's
    # cookies for the next one, and lets ValueErrors out of hostile Location headers.

    def __init__(
        self,
        *,
        allow: Sequence[IPNetwork] = (),
        time_limit: timedelta = TIME_LIMIT,
        resolve: Resolve = resolve_by_system,
        connect: Connect = connect_by_tcp,
    ) -> None:
        self._seconds = time_limit.total_seconds()
        self._transport = GuardedTransport(allow=allow, resolve=resolve, connect=connect)

    async def fetch(self, url: str, *, limit_bytes: int) -> bytes:
        """The body of a 2xx answer, after at most three redirects.

        Raises FetchRefused, or FetchFailed, of which FetchTooLarge is one kind.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(parse_url(url), limit_bytes=limit_bytes)
        except TimeoutError as error:
            raise self._too_slow() from error

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> PostAnswer:
        """Send the body, once: redirects are answers like any other.

        Raises FetchRefused, or FetchFailed where no answer came.
        """
        answer = None
        try:
            async with asyncio.timeout(self._seconds):
                request = httpx2.Request(
                    "POST", parse_url(url), headers={**_HEADERS, **headers}, content=body
                )
                async with aclosing(
                    await self._transport.handle_async_request(request)
                ) as response:
                    answer = PostAnswer(response.status_code, dict(response.headers))
                    await _hear_out(response)
        except TimeoutError as error:
            # What follows the head does not matter to us: it may be late.
            if answer is None:
                raise self._too_slow() from error
        return answer

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _follow(self, url: httpx2.URL, *, limit_bytes: int) -> bytes:
        for _ in range(1 + REDIRECT_LIMIT):
            request = httpx2.Request("GET", url, headers=_HEADERS)
            async with aclosing(await self._transport.handle_async_request(request)) as response:
                if not response.has_redirect_location:
                    return await _body(response, limit_bytes=limit_bytes)
                url = _next(response.headers["location"], base=url)
        raise FetchFailed(f"The host redirects more than {REDIRECT_LIMIT} times.")

    def _too_slow(self) -> FetchFailed:
        return FetchFailed(f"The host took longer than {self._seconds:g} seconds.")


def _next(location: str, *, base: httpx2.URL) -> httpx2.URL:
    url = parse_url(location, base=base)
    if base.scheme == "https" and url.scheme == "http":
        raise FetchRefused(
            "The host redirects from https to http, which anybody on the way can alter."
        )
    return url


async def _body(response: httpx2.Response, *, limit_bytes: int) -> bytes:
    _check_head(response, limit_bytes=limit_bytes)
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
    return bytes(body)


async def _hear_out(response: httpx2.Response) -> None:
    """Take a short body, so that its sender is not cut off, and leave a long one."""
    count = 0
    with suppress(FetchFailed):
        async for part in response.aiter_raw():
            count += len(part)
            if count > _POST_ANSWER_BYTES:
                return


def _check_head(response: httpx2.Response, *, limit_bytes: int) -> None:
    if not response.is_success:
        raise FetchFailed(f"The host answered with status {response.status_code}.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchFailed("The host sent an encoded body, although we asked for a plain one.")
    if int(response.headers.get("content-length", 0)) > limit_bytes:
        raise _too_large(limit_bytes)


def _too_large(limit_bytes: int) -> FetchTooLarge:
    return FetchTooLarge(f"The host sends more than {limit_bytes} bytes.")
