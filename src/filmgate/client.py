"""The Python client of a filmgate server: `Client`, and `AsyncClient` for asyncio.

What to send, when to send it again and what an answer means is decided once, in `calling/`, by *plans*:
generators that yield calls, receive outcomes and never touch a socket. The two clients only carry plans out.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2

from filmgate.calling import calls, plans, readings
from filmgate.calling.calls import Image, Order, Variant
from filmgate.calling.connection import DEFAULT_URL, canonical_url, connection_settings
from filmgate.calling.errors import (
    APIError,
    AuthenticationError,
    ClientError,
    ConflictError,
    ConnectionFailed,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnexpectedAnswer,
    VideoFailed,
    WaitTimeout,
)
from filmgate.calling.exchange import exchange
from filmgate.calling.messages import Broken, Call, Outcome, Plan, answer_from
from filmgate.calling.values import Failure, Model, Page, QueuePlace, Video
from filmgate.calling.webhook_values import Delivery, DeliveryAttempt, DeliveryPage, WebhookEndpoint
from filmgate.calling.webhooks import AsyncWebhooks, Webhooks

__all__ = [
    "DEFAULT_URL",
    "APIError",
    "AsyncClient",
    "AsyncWebhooks",
    "AuthenticationError",
    "Client",
    "ClientError",
    "ConflictError",
    "ConnectionFailed",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryPage",
    "Failure",
    "InvalidRequestError",
    "Model",
    "NotFoundError",
    "Page",
    "PermissionDeniedError",
    "QueuePlace",
    "RateLimitError",
    "ServerError",
    "UnexpectedAnswer",
    "Video",
    "VideoFailed",
    "WaitTimeout",
    "WebhookEndpoint",
    "Webhooks",
    "canonical_url",
]

T = TypeVar("T")


class Client:
    """A filmgate server, spoken to by blocking calls. Safe to share between threads.

    Requests that may succeed later (429, 5xx, broken connections) are repeated up to `max_retries` times,
    at the moment the server names or after a growing pause. `timeout` (seconds) is that of one request.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        max_retries: int = 3,
    ) -> None:
        self.url = canonical_url(url)
        self._timeout = timeout
        self._max_retries = max_retries
        self._http = httpx2.Client(**connection_settings(self.url, api_key))
        self.webhooks = Webhooks(self._ask)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def create(
        self,
        prompt: str,
        *,
        model: str | None = None,
        size: str | None = None,
        seconds: int | None = None,
        seed: int | None = None,
        image: Image | None = None,
        idempotency_key: str | None = None,
    ) -> Video:
        """Ask for a video. What is None is left to the server.

        `image` becomes the first frame: a file, its bytes, or an address (http, https or data URL). Retries
        carry one idempotency key, so that they make one video even when an answer was lost on the way. With
        a key of your own (`idempotency_key`) the same holds, for a day, if you ask again after a crash.
        """
        length = None if seconds is None else str(seconds)
        fields = calls.given(prompt=prompt, model=model, size=size, seconds=length, seed=seed)
        return self._ask(calls.create(fields, image, key=idempotency_key), readings.video)

    def retrieve(self, video_id: str) -> Video:
        return self._ask(calls.retrieve(video_id), readings.video)

    def wait(
        self,
        video_id: str,
        *,
        timeout: float | None = None,
        on_progress: Callable[[Video], None] | None = None,
    ) -> Video:
        """Poll until the video is completed. Raises VideoFailed, or WaitTimeout after `timeout` seconds.

        A server that is away for less than half a minute, to be restarted say, is waited for.
        """
        return self._run(plans.wait(video_id, timeout=timeout, on_progress=on_progress))

    def download(self, video_id: str, path: Path | str, *, variant: Variant = "video") -> Path:
        """Save the bytes under `path`, which is replaced once they are whole and left alone otherwise."""
        return self._run(plans.download(video_id, Path(path), variant=variant))

    def list(
        self, *, limit: int | None = None, after: str | None = None, order: Order | None = None
    ) -> Page:
        """One page of the account's videos, newest first unless `order` is "asc"."""
        return self._ask(calls.list_page(limit=limit, after=after, order=order), readings.page)

    def iterate(self, *, order: Order | None = None, page_size: int = 100) -> Iterator[Video]:
        """All the account's videos, fetched page by page."""
        page = self.list(limit=page_size, order=order)
        yield from page.videos
        while page.next_after:
            page = self.list(limit=page_size, after=page.next_after, order=order)
            yield from page.videos

    def cancel(self, video_id: str) -> Video:
        """Stop the work. Raises ConflictError when the video is already finished."""
        return self._ask(calls.cancel(video_id), readings.video)

    def delete(self, video_id: str) -> None:
        """Remove the video and its bytes, stopping the work if there is any."""
        self._ask(calls.delete(video_id), readings.nothing)

    def models(self) -> tuple[Model, ...]:
        return self._ask(calls.models(), readings.models)

    def _ask(self, call: Call, reading: Callable[[Any], T], *, retries: int | None = None) -> T:
        retries = self._max_retries if retries is None else retries
        return readings.read(self._run(exchange(call, retries=retries)), reading)

    def _run(self, plan: Plan[T]) -> T:
        with closing(plan):
            call = next(plan)
            while True:
                time.sleep(call.delay)
                outcome = self._send(call)
                try:
                    call = plan.send(outcome)
                except StopIteration as end:
                    value: T = end.value
                    return value

    def _send(self, call: Call) -> Outcome:
        try:
            with self._http.stream(**call.arguments(self._timeout)) as response:
                if call.part is None or not response.is_success:
                    response.read()
                    return answer_from(response, response.content)
                call.part.begin(response)
                for chunk in response.iter_raw():
                    call.part.write(chunk)
                return answer_from(response)
        except httpx2.RequestError as error:
            return Broken(self.url, error)


class AsyncClient:
    """A filmgate server, spoken to from asyncio. The methods are those of `Client`, awaited."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        max_retries: int = 3,
    ) -> None:
        self.url = canonical_url(url)
        self._timeout = timeout
        self._max_retries = max_retries
        self._http = httpx2.AsyncClient(**connection_settings(self.url, api_key))
        self.webhooks = AsyncWebhooks(self._ask)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def create(
        self,
        prompt: str,
        *,
        model: str | None = None,
        size: str | None = None,
        seconds: int | None = None,
        seed: int | None = None,
        image: Image | None = None,
        idempotency_key: str | None = None,
    ) -> Video:
        length = None if seconds is None else str(seconds)
        fields = calls.given(prompt=prompt, model=model, size=size, seconds=length, seed=seed)
        return await self._ask(calls.create(fields, image, key=idempotency_key), readings.video)

    async def retrieve(self, video_id: str) -> Video:
        return await self._ask(calls.retrieve(video_id), readings.video)

    async def wait(
        self,
        video_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - Client.wait's meaning: it raises WaitTimeout
        on_progress: Callable[[Video], None] | None = None,
    ) -> Video:
        return await self._run(plans.wait(video_id, timeout=timeout, on_progress=on_progress))

    async def download(
        self, video_id: str, path: Path | str, *, variant: Variant = "video"
    ) -> Path:
        return await self._run(plans.download(video_id, Path(path), variant=variant))

    async def list(
        self, *, limit: int | None = None, after: str | None = None, order: Order | None = None
    ) -> Page:
        return await self._ask(
            calls.list_page(limit=limit, after=after, order=order), readings.page
        )

    async def iterate(
        self, *, order: Order | None = None, page_size: int = 100
    ) -> AsyncIterator[Video]:
        page = await self.list(limit=page_size, order=order)
        for video in page.videos:
            yield video
        while page.next_after:
            page = await self.list(limit=page_size, after=page.next_after, order=order)
            for video in page.videos:
                yield video

    async def cancel(self, video_id: str) -> Video:
        return await self._ask(calls.cancel(video_id), readings.video)

    async def delete(self, video_id: str) -> None:
        await self._ask(calls.delete(video_id), readings.nothing)

    async def models(self) -> tuple[Model, ...]:
        return await self._ask(calls.models(), readings.models)

    async def _ask(
        self, call: Call, reading: Callable[[Any], T], *, retries: int | None = None
    ) -> T:
        retries = self._max_retries if retries is None else retries
        return readings.read(await self._run(exchange(call, retries=retries)), reading)

    async def _run(self, plan: Plan[T]) -> T:
        with closing(plan):
            call = next(plan)
            while True:
                await asyncio.sleep(call.delay)
                outcome = await self._send(call)
                try:
                    call = plan.send(outcome)
                except StopIteration as end:
                    value: T = end.value
                    return value

    async def _send(self, call: Call) -> Outcome:
        try:
            async with self._http.stream(**call.arguments(self._timeout)) as response:
                if call.part is None or not response.is_success:
                    await response.aread()
                    return answer_from(response, response.content)
                call.part.begin(response)
                async for chunk in response.aiter_raw():
                    await asyncio.to_thread(call.part.write, chunk)
                return answer_from(response)
        except httpx2.RequestError as error:
            return Broken(self.url, error)
