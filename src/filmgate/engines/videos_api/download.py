"""A finished film on its way here: redirects without our credentials, a limit on bytes, whole or not at all."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx2

from filmgate.core.errors import EngineFailed
from filmgate.engines.upstream.calls import JobUnknown, UpstreamAway
from filmgate.engines.videos_api.exchange import AnswerLost, NotSent, translated
from filmgate.net.errors import FetchError

REDIRECT_LIMIT = 3
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """`own` is the client for the upstream itself, `elsewhere` the guarded one for where it points to."""

    own: httpx2.AsyncClient
    elsewhere: httpx2.AsyncClient
    headers: dict[str, str]
    limit_bytes: int

    async def to_file(self, url: httpx2.URL, target: Path) -> None:
        """Raises EngineError, and OSError where there is no room."""
        try:
            with translated():
                await self._follow(url, target)
        except FetchError as error:
            raise UpstreamAway(
                f"The upstream points to a film that is not fetched: {error}"
            ) from error
        except (NotSent, AnswerLost) as error:
            raise UpstreamAway(f"The film did not arrive. {error}") from error

    async def _follow(self, origin: httpx2.URL, target: Path) -> None:
        url = origin
        for _ in range(1 + REDIRECT_LIMIT):
            is_own = _place(url) == _place(origin)
            client = self.own if is_own else self.elsewhere
            # To nobody but the upstream itself: whoever it points to need not know our key.
            request = client.build_request("GET", url, headers=self.headers if is_own else {})
            async with aclosing(await client.send(request, stream=True)) as response:
                if not response.has_redirect_location:
                    return await self._receive(response, target)
                url = _target(response)
        raise UpstreamAway(f"The upstream redirects more than {REDIRECT_LIMIT} times.")

    async def _receive(self, response: httpx2.Response, target: Path) -> None:
        if response.status_code == 410:
            raise JobUnknown("The upstream does not keep the film any more.")
        if response.status_code != 200:
            raise UpstreamAway(f"The film was answered with status {response.status_code}.")
        count = 0
        with await asyncio.to_thread(target.open, "wb") as file:
            async for chunk in response.aiter_raw(CHUNK_BYTES):
                count += len(chunk)
                if count > self.limit_bytes:
                    raise EngineFailed(
                        "engine_failed", f"The film has more than {self.limit_bytes} bytes."
                    )
                await asyncio.to_thread(file.write, chunk)


def _place(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _target(response: httpx2.Response) -> httpx2.URL:
    try:
        target = response.url.join(response.headers["location"])
    # ValueError: what a lone surrogate or a bad IDNA label raises from deep inside.
    except (httpx2.InvalidURL, ValueError) as error:
        raise UpstreamAway("The upstream redirects to something that is no address.") from error
    if response.url.scheme == "https" and target.scheme != "https":
        raise UpstreamAway("The upstream redirects from https to something less safe.")
    return target
