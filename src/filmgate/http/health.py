"""`/healthz`: this process answers. `/readyz`: so does everything that it needs to take a create."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.errors import FilmgateError
from filmgate.http.endpoints import Endpoint
from filmgate.http.errors import RETRY_AFTER_SECONDS
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services

CHECK_SECONDS = 3.0
"""Longer than any part that works takes to say so."""

_Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Health:
    services: Services

    async def alive(self, _: Request) -> Response:
        return json_answer('{"status":"ok"}')

    async def ready(self, _: Request) -> Response:
        """Names every part; one engine is enough."""
        services = self.services
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
        if is_ready:
            return json_answer(json.dumps(body))
        headers = {"retry-after": str(RETRY_AFTER_SECONDS)}
        return json_answer(json.dumps(body), status=503, headers=headers)

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/healthz", self.alive),
            Endpoint("HEAD", "/healthz", self.alive),
            Endpoint("GET", "/readyz", self.ready),
            Endpoint("HEAD", "/readyz", self.ready),
        ]


async def _inspect(checks: Mapping[str, _Check]) -> dict[str, str]:
    verdicts = await asyncio.gather(*map(_verdict, checks.values()))
    return dict(zip(checks, verdicts, strict=True))


async def _verdict(check: _Check) -> str:
    """`ok`, or what is wrong."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} seconds"
    except FilmgateError as error:
        return error.message
    return "ok"
