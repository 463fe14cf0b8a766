"""`/healthz`: this process answers. `/readyz`: so does everything that it needs to take a create."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.errors import FilmgateError
from filmgate.http.endpoints import Endpoint
from filmgate.http.errors import RETRY_AFTER_SECONDS
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services
from filmgate.usecases.shared import Shared

GOOD_FOR = timedelta(seconds=1)
"""A verdict, for all who ask: it takes an object written and a query asked."""

CHECK_SECONDS = 3.0
"""Longer than any part that works takes to say so."""

_Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_ready: bool
    body: str


class Health:
    def __init__(self, services: Services, *, good_for: timedelta = GOOD_FOR) -> None:
        self._services = services
        self._verdict = Shared(self._judge, good_for=good_for)

    async def alive(self, _: Request) -> Response:
        return json_answer('{"status":"ok"}')

    async def ready(self, _: Request) -> Response:
        """Names every part; one engine is enough."""
        verdict = await self._verdict.get()
        if verdict.is_ready:
            return json_answer(verdict.body)
        headers = {"retry-after": str(RETRY_AFTER_SECONDS)}
        return json_answer(verdict.body, status=503, headers=headers)

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/healthz", self.alive),
            Endpoint("HEAD", "/healthz", self.alive),
            Endpoint("GET", "/readyz", self.ready),
            Endpoint("HEAD", "/readyz", self.ready),
        ]

    async def _judge(self) -> _Verdict:
        services = self._services
        engines = {name: engine.check for name, engine in services.engines.items()}
        parts, engine_parts = await asyncio.gather(
            _inspect({"database": services.database.check, "storage": services.store.check}),
            _inspect(engines),
        )
        is_ready = set(parts.values()) == {"ok"} and "ok" in engine_parts.values()
        body = {
            "status": "ready" if is_ready else "unavailable",
            **parts,
            "store": services.store.name,
            "engines": engine_parts,
        }
        return _Verdict(is_ready, json.dumps(body))


async def _inspect(checks: Mapping[str, _Check]) -> dict[str, str]:
    outcomes = await asyncio.gather(*map(_outcome, checks.values()))
    return dict(zip(checks, outcomes, strict=True))


async def _outcome(check: _Check) -> str:
    """`ok`, or what is wrong."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} seconds"
    except FilmgateError as error:
        return error.message
    return "ok"
