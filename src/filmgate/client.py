"""The Python client of a filmgate server: `Client`, and `AsyncClient` for asyncio.

What to send, when to send it again and what an answer means is decided once, by *plans*: generators that
yield calls, receive outcomes and never touch a socket. The two clients only carry plans out.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx2

__all__ = [
    "DEFAULT_URL",
    "APIError",
    "AsyncClient",
    "AuthenticationError",
    "Client",
    "ClientError",
    "ConflictError",
    "ConnectionFailed",
    "Failure",
    "InvalidRequestError",
    "Model",
    "NotFoundError",
    "Page",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "UnexpectedAnswer",
    "Video",
    "VideoFailed",
    "WaitTimeout",
    "canonical_url",
]

DEFAULT_URL = "http://127.0.0.1:8024"
Order = Literal["asc", "desc"]
Variant = Literal["video", "thumbnail", "spritesheet"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a video failed: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video as the server described it when it was last asked."""

    id: str
    model: str
    status: str
    progress: int
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime | None
    prompt: str | None
    size: str
    seconds: int
    remixed_from_video_id: str | None
    error: Failure | None

    @property
    def is_terminal(self) -> bool:
        """Nothing more will happen to it. So it is with any status that this version does not know."""
        return self.status not in {"queued", "in_progress"}

    def as_wire(self) -> dict[str, object]:
        """The 13 keys of the API's video object."""
        return {
            "id": self.id,
            "object": "video",
            "model": self.model,
            "status": self.status,
            "progress": self.progress,
            "created_at": int(self.created_at.timestamp()),
            "completed_at": self.completed_at and int(self.completed_at.timestamp()),
            "expires_at": self.expires_at and int(self.expires_at.timestamp()),
            "prompt": self.prompt,
            "size": self.size,
            "seconds": str(self.seconds),
            "remixed_from_video_id": self.remixed_from_video_id,
            "error": self.error and {"code": self.error.code, "message": self.error.message},
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the account's videos. `next_after` is the `after` of the next page, None on the last one."""

    videos: tuple[Video, ...]
    has_more: bool

    @property
    def next_after(self) -> str | None:
        return self.videos[-1].id if self.has_more and self.videos else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A public name and what may be asked of it."""

    name: str
    sizes: tuple[str, ...]
    seconds: tuple[int, ...]
    images: int


class ClientError(Exception):
    """The root of everything that a client raises on purpose."""


class ConnectionFailed(ClientError):
    """No answer came, however often it was tried."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"Cannot reach {url}: {reason}.")
        self.url = url


class UnexpectedAnswer(ClientError):
    """An answer came that no filmgate server gives: a proxy's page, say, or another program's."""


class APIError(ClientError):
    """The server said no. The message is the server's own."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id


class InvalidRequestError(APIError):
    """Something in the request cannot be accepted; `param` names it."""


class AuthenticationError(APIError):
    """No API key was sent, or none that the server knows."""


class PermissionDeniedError(APIError):
    """The API key may not do this."""


class NotFoundError(APIError):
    """There is no such video, or its bytes are not there: not yet (404) or no longer (410)."""


class ConflictError(APIError):
    """The request contradicts the state that the video is in."""


class RateLimitError(APIError):
    """Too many requests, or the quota is used up: `code` tells which."""


class ServerError(APIError):
    """The server is at fault or away; the same request may succeed later."""


class VideoFailed(ClientError):
    """The video that was waited for has failed."""

    def __init__(self, video: Video) -> None:
        failure = video.error or Failure(video.status, "The server gave no reason.")
        super().__init__(f"Video {video.id} failed: {failure.message} ({failure.code})")
        self.video = video


class WaitTimeout(ClientError):
    """The video was not finished in time. It goes on; `video` is how it was last seen."""

    def __init__(self, video: Video) -> None:
        super().__init__(f"Video {video.id} is still {video.status} ({video.progress} %).")
        self.video = video


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
        self._http = httpx2.Client(**_connection_settings(self.url, api_key))

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
        image: Path | bytes | str | None = None,
        idempotency_key: str | None = None,
    ) -> Video:
        """Ask for a video. What is None is left to the server.

        `image` becomes the first frame: a file, its bytes, or an address (http, https or data URL). Retries
        carry one idempotency key, so they cannot make a second video; pass your own to repeat a create safely.
        """
        length = None if seconds is None else str(seconds)
        fields = _given(prompt=prompt, model=model, size=size, seconds=length, seed=seed)
        return self._ask(_creation(fields, image, idempotency_key), _video)

    def retrieve(self, video_id: str) -> Video:
        return self._ask(_Call("GET", _path(video_id)), _video)

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
        return self._run(_wait(video_id, timeout, on_progress))

    def download(self, video_id: str, path: Path | str, *, variant: Variant = "video") -> Path:
        """Save the bytes under `path`, which is replaced once they are whole and left alone otherwise."""
        return self._run(_download(video_id, Path(path), variant))

    def list(
        self, *, limit: int | None = None, after: str | None = None, order: Order | None = None
    ) -> Page:
        """One page of the account's videos, newest first unless `order` is "asc"."""
        return self._ask(
            _Call("GET", _VIDEOS, params=_given(limit=limit, after=after, order=order)), _page
        )

    def iterate(self, *, order: Order | None = None, page_size: int = 100) -> Iterator[Video]:
        """All the account's videos, fetched page by page."""
        page = self.list(limit=page_size, order=order)
        yield from page.videos
        while page.next_after:
            page = self.list(limit=page_size, after=page.next_after, order=order)
            yield from page.videos

    def cancel(self, video_id: str) -> Video:
        """Stop the work. Raises ConflictError when the video is already finished."""
        return self._ask(_Call("POST", f"{_path(video_id)}/cancel"), _video)

    def delete(self, video_id: str) -> None:
        """Remove the video and its bytes, stopping the work if there is any."""
        self._ask(_Call("DELETE", _path(video_id)), _nothing)

    def models(self) -> tuple[Model, ...]:
        return self._ask(_Call("GET", "/v1/models"), _models)

    def _ask(self, call: _Call, parse: Callable[[Any], T]) -> T:
        return _parsed(self._run(_exchange(call, retries=self._max_retries)), parse)

    def _run(self, plan: _Plan[T]) -> T:
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

    def _send(self, call: _Call) -> _Outcome:
        try:
            with self._http.stream(**call.arguments(self._timeout)) as response:
                if call.part is None or not response.is_success:
                    response.read()
                    return _answer(response, response.content)
                call.part.begin(response)
                for chunk in response.iter_raw():
                    call.part.write(chunk)
                return _answer(response)
        except httpx2.RequestError as error:
            return _Broken(self.url, error)


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
        self._http = httpx2.AsyncClient(**_connection_settings(self.url, api_key))

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
        image: Path | bytes | str | None = None,
        idempotency_key: str | None = None,
    ) -> Video:
        length = None if seconds is None else str(seconds)
        fields = _given(prompt=prompt, model=model, size=size, seconds=length, seed=seed)
        return await self._ask(_creation(fields, image, idempotency_key), _video)

    async def retrieve(self, video_id: str) -> Video:
        return await self._ask(_Call("GET", _path(video_id)), _video)

    async def wait(
        self,
        video_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - Client.wait's meaning: it raises WaitTimeout
        on_progress: Callable[[Video], None] | None = None,
    ) -> Video:
        return await self._run(_wait(video_id, timeout, on_progress))

    async def download(
        self, video_id: str, path: Path | str, *, variant: Variant = "video"
    ) -> Path:
        return await self._run(_download(video_id, Path(path), variant))

    async def list(
        self, *, limit: int | None = None, after: str | None = None, order: Order | None = None
    ) -> Page:
        return await self._ask(
            _Call("GET", _VIDEOS, params=_given(limit=limit, after=after, order=order)), _page
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
        return await self._ask(_Call("POST", f"{_path(video_id)}/cancel"), _video)

    async def delete(self, video_id: str) -> None:
        await self._ask(_Call("DELETE", _path(video_id)), _nothing)

    async def models(self) -> tuple[Model, ...]:
        return await self._ask(_Call("GET", "/v1/models"), _models)

    async def _ask(self, call: _Call, parse: Callable[[Any], T]) -> T:
        return _parsed(await self._run(_exchange(call, retries=self._max_retries)), parse)

    async def _run(self, plan: _Plan[T]) -> T:
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

    async def _send(self, call: _Call) -> _Outcome:
        try:
            async with self._http.stream(**call.arguments(self._timeout)) as response:
                if call.part is None or not response.is_success:
                    await response.aread()
                    return _answer(response, response.content)
                call.part.begin(response)
                async for chunk in response.aiter_raw():
                    await asyncio.to_thread(call.part.write, chunk)
                return _answer(response)
        except httpx2.RequestError as error:
            return _Broken(self.url, error)


def canonical_url(url: str) -> str:
    """The server's address without a trailing slash or `/v1`. Raises ValueError when it is no address."""
    try:
        parsed = httpx2.URL(url.strip())
    except httpx2.InvalidURL as error:
        raise ValueError(f"{url!r} is not an address: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(f"{url!r} is not an address such as {DEFAULT_URL}")
    path = parsed.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return str(parsed.copy_with(path=path, query=None, fragment=None)).rstrip("/")


_VIDEOS = "/v1/videos"
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 8.0
_LONGEST_RETRY_AFTER = 120.0
_PATIENT = 10  # retries where giving up would waste a render: about 40 s of them
_FIRST_POLL, _DEFAULT_POLL, _LONGEST_POLL = 0.25, 2.0, 30.0


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, to be sent `delay` seconds from now. The body of a good answer goes to `part`."""

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, object] | None = None
    form: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes]] | None = None
    part: _PartFile | None = None
    delay: float = 0.0
    timeout: float = math.inf

    def arguments(self, timeout: float) -> dict[str, Any]:
        """For `httpx2`'s `stream`. A redirected POST would arrive as a GET, so only a GET follows one."""
        resuming = self.part.resume_headers() if self.part else {}
        return {
            "method": self.method,
            "url": self.path,
            "params": self.params or None,
            "headers": {**self.headers, **resuming},
            "json": self.json,
            "data": self.form,
            "files": self.files,
            "timeout": min(timeout, self.timeout),
            "follow_redirects": self.method == "GET",
        }


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_temporary(self) -> bool:
        """The same request may succeed later. A conflict is passing only when it says for how long."""
        if self.headers.get("x-should-retry") == "false":
            return False
        passing_conflict = self.status == 409 and _retry_after(self) is not None
        return self.status in {408, 429} or self.status >= 500 or passing_conflict


@dataclass(frozen=True, slots=True)
class _Broken:
    """No whole answer came."""

    url: str
    error: httpx2.RequestError


_Outcome = _Answer | _Broken
_Plan = Generator[_Call, _Outcome, T]


def _exchange(call: _Call, *, retries: int, deadline: float = math.inf) -> _Plan[_Answer]:
    """Send until a good answer comes; raise what the last outcome means when none does."""
    tries = 0
    while True:
        outcome = yield call
        if isinstance(outcome, _Answer) and 200 <= outcome.status < 300:
            return outcome
        delay = _retry_delay(outcome, tries) if tries < retries else None
        if delay is None or time.monotonic() + delay > deadline:
            raise _error(outcome)
        call = replace(call, delay=delay)
        tries += 1


def _retry_delay(outcome: _Outcome, tries: int) -> float | None:
    """How long to wait before the next try, or None where another one would not help."""
    if isinstance(outcome, _Answer) and not outcome.is_temporary:
        return None
    asked = _retry_after(outcome) if isinstance(outcome, _Answer) else None
    if asked is not None:
        return asked * random.uniform(1.0, 1.1)
    return min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0**tries) * random.uniform(0.5, 1.0)


def _retry_after(answer: _Answer) -> float | None:
    """The pause that the server asks for, in seconds; None when it names none that we would keep."""
    milliseconds = _number(answer.headers.get("retry-after-ms"))
    in_seconds = _number(answer.headers.get("retry-after"))
    pause = in_seconds if milliseconds is None else milliseconds / 1000
    return pause if pause is not None and 0 < pause <= _LONGEST_RETRY_AFTER else None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _wait(
    video_id: str, timeout: float | None, on_progress: Callable[[Video], None] | None
) -> _Plan[Video]:
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    delay, polls = 0.0, 0
    while True:
        patience = max(1.0, deadline - time.monotonic())
        call = _Call("GET", _path(video_id), delay=delay, timeout=patience)
        answer = yield from _exchange(call, retries=_PATIENT, deadline=deadline)
        video = _parsed(answer, _video)
        if on_progress is not None:
            on_progress(video)
        if video.is_terminal:
            return _completed(video)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise WaitTimeout(video)
        delay = min(remaining, _poll_delay(answer, polls))
        polls += 1


def _poll_delay(answer: _Answer, polls: int) -> float:
    """The server's pace, reached in a few quicker steps: a short video should not cost a long wait."""
    asked = _number(answer.headers.get("openai-poll-after-ms"))
    pace = asked / 1000 if asked is not None and asked > 0 else _DEFAULT_POLL
    return min(_LONGEST_POLL, pace, _FIRST_POLL * 2.0 ** min(polls, 10))


def _completed(video: Video) -> Video:
    if video.status != "completed":
        raise VideoFailed(video)
    return video


def _download(video_id: str, path: Path, variant: Variant) -> _Plan[Path]:
    with _PartFile(path) as part:
        call = _Call(
            "GET",
            f"{_path(video_id)}/content",
            params={"variant": variant},
            headers={"Accept-Encoding": "identity"},
            part=part,
        )
        yield from _exchange(call, retries=_PATIENT)
        part.keep()
    return path


class _PartFile:
    """The bytes of a download that have arrived, beside their target until they are whole."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._etag = ""

    def __enter__(self) -> Self:
        self._file = self._path.open("xb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def resume_headers(self) -> dict[str, str]:
        """Ask for the rest only where the server can tell whether it still is the rest of the same bytes."""
        position = self._file.tell()
        if not position or not self._etag:
            return {}
        return {"Range": f"bytes={position}-", "If-Range": self._etag}

    def begin(self, response: httpx2.Response) -> None:
        """The server may send the rest (206) or begin anew."""
        etag = response.headers.get("etag", "")
        self._etag = "" if etag.startswith("W/") else etag
        if response.status_code != 206:
            self._file.seek(0)
            self._file.truncate()
        elif not response.headers.get("content-range", "").startswith(
            f"bytes {self._file.tell()}-"
        ):
            raise UnexpectedAnswer(f"{response.url} sent another part than was asked for.")

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def keep(self) -> None:
        self._file.close()
        self._path.replace(self._target)


def _connection_settings(url: str, api_key: str | None) -> dict[str, Any]:
    if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
        raise ValueError("The API key contains characters that no API key has.")
    headers = {"User-Agent": "filmgate-client", "Accept": "application/json, */*;q=0.5"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    # A proxy named in the environment could only reach its own loopback addresses, not ours.
    is_local = httpx2.URL(url).host in {"127.0.0.1", "localhost", "::1"}
    return {"base_url": url, "headers": headers, "trust_env": not is_local}


def _given(**values: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in values.items() if value is not None}


def _creation(
    fields: Mapping[str, str | int], image: Path | bytes | str | None, key: str | None
) -> _Call:
    call = _Call("POST", _VIDEOS, headers={"Idempotency-Key": key or secrets.token_hex(16)})
    if image is None:
        return replace(call, json=fields)
    if isinstance(image, str):
        return replace(call, json={**fields, "input_reference": {"image_url": _address(image)}})
    name, data = ("image", image) if isinstance(image, bytes) else (image.name, image.read_bytes())
    form = {field: str(value) for field, value in fields.items()}
    return replace(call, form=form, files={"input_reference": (name, data)})


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://", "data:")):
        raise ValueError(f"{text[:80]!r} is no http, https or data URL; pass a file as a Path.")
    return text


def _path(video_id: str) -> str:
    if not video_id:
        raise ValueError("The video id is empty.")
    return f"{_VIDEOS}/{quote(video_id, safe='')}"


def _answer(response: httpx2.Response, body: bytes = b"") -> _Answer:
    return _Answer(response.status_code, response.headers, body)


def _error(outcome: _Outcome) -> ClientError:
    if isinstance(outcome, _Broken):
        words = str(outcome.error) or type(outcome.error).__name__
        reason = re.sub(r"^\[Errno -?\d+\] ", "", words)
        failure = ConnectionFailed(outcome.url, reason)
        failure.__cause__ = outcome.error
        return failure
    fallback = ServerError if outcome.status >= 500 else APIError
    kind = _ERRORS.get(outcome.status, fallback)
    said = _said(outcome.body)
    return kind(
        said.get("message") or f"The server answered with HTTP status {outcome.status}.",
        status=outcome.status,
        code=said.get("code"),
        param=said.get("param"),
        request_id=outcome.headers.get("x-request-id"),
    )


_ERRORS: Mapping[int, type[APIError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def _said(body: bytes) -> dict[str, str]:
    """What the error envelope holds; nothing when the body is not one."""
    try:
        envelope = json.loads(body)["error"]
        return {name: str(value) for name, value in envelope.items() if value is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _parsed(answer: _Answer, parse: Callable[[Any], T]) -> T:
    try:
        return parse(json.loads(answer.body))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        begin = answer.body[:80].decode(errors="replace")
        raise UnexpectedAnswer(f"This is not a filmgate server's answer: {begin!r}") from error


def _nothing(_wire: Any) -> None:
    """The status was all that mattered."""


def _video(wire: Any) -> Video:
    error = wire.get("error")
    return Video(
        id=str(wire["id"]),
        model=str(wire["model"]),
        status=str(wire["status"]),
        progress=int(wire.get("progress") or 0),
        created_at=datetime.fromtimestamp(wire["created_at"], UTC),
        completed_at=_moment(wire.get("completed_at")),
        expires_at=_moment(wire.get("expires_at")),
        prompt=wire.get("prompt"),
        size=str(wire["size"]),
        seconds=int(wire["seconds"]),
        remixed_from_video_id=wire.get("remixed_from_video_id"),
        error=Failure(str(error["code"]), str(error["message"])) if error else None,
    )


def _moment(unix_time: float | None) -> datetime | None:
    return None if unix_time is None else datetime.fromtimestamp(unix_time, UTC)


def _page(wire: Any) -> Page:
    return Page(tuple(map(_video, wire["data"])), has_more=bool(wire["has_more"]))


def _models(wire: Any) -> tuple[Model, ...]:
    return tuple(
        Model(
            name=str(model["id"]),
            sizes=tuple(map(str, model.get("sizes", ()))),
            seconds=tuple(map(int, model.get("seconds", ()))),
            images=int(model.get("images", 0)),
        )
        for model in wire["data"]
    )
