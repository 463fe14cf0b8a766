"""One HTTP exchange with an upstream: bounded in time and size, and with httpx2's errors translated."""

import asyncio
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

CONNECT_LIMIT = 10.0
ANSWER_LIMIT = timedelta(seconds=20)
MOST_CONNECTIONS = 64
"""More than are ever called at once, but where very many jobs are stopped: those may be told later."""

KEPT_CONNECTIONS = 8
"""Every call looks at all that are idle."""

ANSWER_BYTES = 1 << 20
"""Of everything but films: a page of a list is the largest."""

# Plain bodies only: an encoding could turn few bytes into very many.
_HEADERS = {"user-agent": "filmgate", "accept-encoding": "identity"}


class NotSent(Exception):
    """The upstream has not seen the request: no connection came about."""


class AnswerLost(Exception):
    """The request was sent, at least in part, and what became of it was not heard."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def document(self) -> Mapping[str, Any]:
        """The JSON object that the body is; an empty one where it is none."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def retry_after(self) -> timedelta | None:
        return _pause(self.headers.get("retry-after-ms"), 0.001) or _pause(
            self.headers.get("retry-after"), 1
        )

    @property
    def poll_after(self) -> timedelta | None:
        return _pause(self.headers.get("openai-poll-after-ms"), 0.001) or self.retry_after


def make_client(
    tls: ssl.SSLContext, *, keep_alive: bool, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Proxies and credentials of the environment are not for it, and it follows no redirect."""
    return httpx2.AsyncClient(
        headers=_HEADERS,
        timeout=httpx2.Timeout(ANSWER_LIMIT.total_seconds(), connect=CONNECT_LIMIT),
        limits=httpx2.Limits(
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=KEPT_CONNECTIONS if keep_alive else 0,
        ),
        trust_env=False,
        verify=tls,
        transport=transport,
    )


async def exchange(
    client: httpx2.AsyncClient, request: httpx2.Request, *, limit: timedelta = ANSWER_LIMIT
) -> Answer:
    """Raises NotSent, AnswerLost."""
    with translated():
        async with asyncio.timeout(limit.total_seconds()):
            response = await client.send(request, stream=True)
            try:
                body = await _body(response)
            finally:
                await response.aclose()
    return Answer(response.status_code, response.headers, body)


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise NotSent("No connection to the upstream comes about.") from error
    except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise NotSent("The request could not be put into HTTP.") from error
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise AnswerLost("The upstream did not answer in time.") from error
    except httpx2.HTTPError as error:
        raise AnswerLost("The connection to the upstream broke off.") from error


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > ANSWER_BYTES:
            raise AnswerLost(f"The upstream's answer has more than {ANSWER_BYTES} bytes.")
    return bytes(body)


def _pause(text: str | None, unit: float) -> timedelta | None:
    """Only plain positive numbers: a date would need the upstream's clock."""
    try:
        seconds = float(text or "") * unit
    except ValueError:
        return None
    return timedelta(seconds=seconds) if 0 < seconds < 86_400 else None
