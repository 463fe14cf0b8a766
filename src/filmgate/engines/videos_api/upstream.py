"""The calls of the openai dialect, as a client."""

import asyncio
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import structlog

from filmgate.core.errors import EngineUnavailable
from filmgate.core.submission import Declined, Doubtful, Outcome, Terms
from filmgate.engines.upstream.calls import Order, Sighting, UpstreamAway
from filmgate.engines.videos_api.download import Download
from filmgate.engines.videos_api.exchange import (
    Answer,
    AnswerLost,
    NotSent,
    exchange,
)
from filmgate.engines.videos_api.readings import (
    away,
    is_like,
    is_older,
    is_stopped,
    outcome_of,
    sighting_of,
)

PAGE = 100
MOST_PAGES = 30

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Clients that all terms share. A post gets a connection of its own: one that was kept may be dead already,
    and then nobody can say whether the post went through."""

    calls: httpx2.AsyncClient
    posts: httpx2.AsyncClient
    elsewhere: httpx2.AsyncClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may take."""

    submit: timedelta = timedelta(minutes=1)
    download: timedelta = timedelta(minutes=10)
    film_bytes: int = 2 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class VideosApi:
    """Implements the Upstream protocol. `names` are the upstream's names of our models."""

    lines: Lines
    terms: Terms
    secret: str | None
    names: Mapping[str, str]
    limits: Limits

    async def submit(self, order: Order, *, key: str) -> Outcome:
        try:
            request = await self._create(order, key=key)
        except OSError as error:
            return Declined(
                EngineUnavailable(f"A reference image cannot be read: {error.strerror}")
            )
        try:
            answer = await exchange(self.lines.posts, request, limit=self.limits.submit)
        except NotSent as error:
            return Declined(EngineUnavailable(str(error)))
        except AnswerLost as error:
            return Doubtful(str(error))
        return outcome_of(
            self._without_secret(answer), knows_keys=self.terms.key_window is not None
        )

    async def look_up(self, order: Order, *, since: datetime) -> tuple[str, ...]:
        fields, found, after = self._fields(order), list[str](), ""
        for _ in range(MOST_PAGES):
            jobs = await self._page(after)
            found += [job["id"] for job in jobs if is_like(job, fields, since=since)]
            if len(jobs) < PAGE or is_older(jobs[-1], than=since):
                return tuple(found)
            after = str(jobs[-1]["id"])
        raise UpstreamAway("The upstream's list is too long to find anything in it.")

    async def look_at(self, upstream_id: str) -> Sighting:
        return sighting_of(await self._call("GET", _path(upstream_id)), upstream_id)

    async def fetch(self, upstream_id: str, target: Path) -> None:
        download = Download(
            own=self.lines.calls,
            elsewhere=self.lines.elsewhere,
            headers=self._authorization,
            limit_bytes=self.limits.film_bytes,
        )
        url = httpx2.URL(f"{self.terms.url}{_path(upstream_id)}/content")
        try:
            async with asyncio.timeout(self.limits.download.total_seconds()):
                await download.to_file(url, target)
        except TimeoutError as error:
            raise UpstreamAway("The film did not arrive in time.") from error

    async def stop(self, upstream_id: str) -> None:
        answer = await self._call("DELETE", _path(upstream_id))
        if not is_stopped(answer):
            log.warning(
                "upstream does not stop a job",
                upstream=self.terms.upstream,
                job=upstream_id,
                status=answer.status,
            )

    async def check(self) -> None:
        """Raises UpstreamAway. Not every upstream lists its models, so that a 404 is fine too."""
        answer = await self._call("GET", "/v1/models")
        if not answer.is_success and answer.status not in {404, 405}:
            raise away(answer)

    async def _create(self, order: Order, *, key: str) -> httpx2.Request:
        # Always a form: vLLM-Omni reads nothing else, and the others read both.
        parts: list[tuple[str, tuple[str | None, str | bytes, str]]] = [
            (name, (None, text, "text/plain; charset=utf-8"))
            for name, text in self._fields(order).items()
        ]
        for picture in order.references:
            data = await asyncio.to_thread(picture.read_bytes)
            kind = mimetypes.guess_type(picture.name)[0] or "application/octet-stream"
            parts.append(("input_reference", (f"reference{picture.suffix}", data, kind)))
        request = self.lines.posts.build_request(
            "POST",
            f"{self.terms.url}/v1/videos",
            headers=self._authorization | {"idempotency-key": key},
            files=parts,
            timeout=self.limits.submit.total_seconds(),
        )
        await request.aread()  # or every part of the form would be sent by itself
        return request

    def _fields(self, order: Order) -> dict[str, str]:
        spec = order.spec
        fields = {
            "model": self.names.get(spec.model, spec.model),
            "prompt": spec.prompt,
            "size": str(spec.size),
            "seconds": str(spec.seconds),
        }
        return fields if spec.seed is None else fields | {"seed": str(spec.seed)}

    async def _page(self, after: str) -> list[dict[str, Any]]:
        query = f"?limit={PAGE}&order=desc" + (f"&after={quote(after, safe='')}" if after else "")
        answer = await self._call("GET", f"/v1/videos{query}")
        jobs = answer.document.get("data")
        if not answer.is_success or not isinstance(jobs, list):
            raise away(answer)
        return [job for job in jobs if isinstance(job, dict) and "id" in job]

    async def _call(self, method: str, path: str) -> Answer:
        request = self.lines.calls.build_request(
            method, f"{self.terms.url}{path}", headers=self._authorization
        )
        try:
            answer = await exchange(self.lines.calls, request)
        except (NotSent, AnswerLost) as error:
            raise UpstreamAway(str(error)) from error
        return self._without_secret(answer)

    def _without_secret(self, answer: Answer) -> Answer:
        """Some upstreams quote the key that they complain of, and what they say may reach the client."""
        if not self.secret:
            return answer
        return replace(answer, body=answer.body.replace(self.secret.encode(), b"[key]"))

    @property
    def _authorization(self) -> dict[str, str]:
        return {} if self.secret is None else {"authorization": f"Bearer {self.secret}"}


def _path(upstream_id: str) -> str:
    return f"/v1/videos/{quote(upstream_id, safe='')}"
