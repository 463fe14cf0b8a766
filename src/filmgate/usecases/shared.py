"""Shared: an answer that many ask for at once. It is fetched once for all of them, and good for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Fetch(Generic[T]):
    """Under way, or at its end with an answer or an error. With neither, its asker was cancelled."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    answers: list[T] = field(default_factory=list)
    error: Exception | None = None


class Shared(Generic[T]):
    """What `fetch` returned last, if that is not longer ago than `good_for`."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], *, good_for: timedelta) -> None:
        self._fetch = fetch
        self._good_for = good_for.total_seconds()
        self._under_way: _Fetch[T] | None = None
        self._answer: tuple[T, float] | None = None
        """And until when it is good."""

    async def get(self) -> T:
        """What `fetch` raises is raised here, for all who waited for it, and not kept.

        Whoever waited takes what came of it, however long it took: the next would take no less.
        """
        known = self.known()
        if known is not None:
            return known
        while (fetch := self._under_way) is not None:
            await fetch.done.wait()
            if fetch.error is not None:
                raise copy(fetch.error) from fetch.error.__cause__
            if fetch.answers:
                return fetch.answers[0]
        return await self._ask()

    def known(self) -> T | None:
        """The answer, if there is a good one now."""
        if self._answer is None or self._answer[1] <= time.monotonic():
            return None
        return self._answer[0]

    async def _ask(self) -> T:
        fetch = self._under_way = _Fetch[T]()
        until = time.monotonic() + self._good_for  # from the question on, not from the answer
        try:
            answer = await self._fetch()
        except Exception as error:
            fetch.error = error
            raise
        else:
            fetch.answers.append(answer)
            self._answer = answer, until
            return answer
        finally:
            self._under_way = None
            fetch.done.set()
