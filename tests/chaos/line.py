"""A customer's line to the site: to any API that is up, each time another, and how long none answered."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.chaos.journal import Journal, Wrong

PATIENCE_SECONDS = 6.0
PAUSE_SECONDS = 0.1
AWAY = frozenset({503})
"""What a server may say while something that it needs is away, with Retry-After."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request may have been carried out, or not."""

    reason: str


class Line:
    """Sends with the account's key. `longest_outage` is how long it ever went without a proper answer."""

    def __init__(
        self,
        account: str,
        key: str,
        *,
        urls: Callable[[], Sequence[str]],
        journal: Journal,
        rng: random.Random,
    ) -> None:
        self.longest_outage = 0.0
        self._account = account
        self._urls = urls
        self._journal = journal
        self._rng = rng
        self._away_since: float | None = None
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE_SECONDS,
            follow_redirects=True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        patience: float = PATIENCE_SECONDS,
        **content: Any,
    ) -> httpx2.Response | NoAnswer:
        """A complete answer that says something about the request, or NoAnswer. Waits for an API to be up."""
        url = path if path.startswith("http") else await self._some_api() + path
        try:
            answer = await self._http.request(
                method, url, headers=headers, timeout=patience, **content
            )
        except httpx2.TransportError as error:
            return self._missed(f"{type(error).__name__}: {error}")
        return self._judged(answer)

    async def _some_api(self) -> str:
        while True:
            if urls := self._urls():
                return self._rng.choice(urls)
            self._missed("no API is up")
            await asyncio.sleep(PAUSE_SECONDS)

    def wrong(self, what: str) -> None:
        self._journal.write(Wrong(account=self._account, what=what))

    def _judged(self, answer: httpx2.Response) -> httpx2.Response | NoAnswer:
        if answer.status_code in AWAY:
            if "retry-after" not in answer.headers:
                self.wrong(
                    f"{answer.request.url.path}: 503 without Retry-After: {answer.text[:300]}"
                )
            return self._missed(f"503: {answer.text[:200]}")
        if answer.status_code >= 500:
            self.wrong(f"{answer.request.url.path}: {answer.status_code}: {answer.text[:300]}")
            return self._missed(f"{answer.status_code}")
        self._answered()
        return answer

    def _missed(self, reason: str) -> NoAnswer:
        self._away_since = self._away_since or time.monotonic()
        return NoAnswer(reason)

    def _answered(self) -> None:
        if self._away_since is not None:
            self.longest_outage = max(self.longest_outage, time.monotonic() - self._away_since)
            self._away_since = None
