"""A gate between client and server: it refuses the first creates, and lets the later ones through."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import httpx2

from filmgate.core.errors import FilmgateError
from filmgate.http.dialects.openai.errors import write
from filmgate.http.errors import refusal_of
from tests.clients.published import Site
from tests.scripted_server import Received, Reply, ScriptedServer


@dataclass
class Gate:
    """It refuses in filmgate's own words, so that clients meet the status, body and headers of its table."""

    behind: Site
    refusals: list[FilmgateError]
    creates: list[Received] = field(default_factory=list)
    _moments: list[float] = field(default_factory=list)

    @contextmanager
    def opened(self) -> Iterator[Site]:
        with ScriptedServer() as server:
            server.on("POST", "/v1/videos", self._answer)
            yield Site(server.url, self.behind.api_key)

    @property
    def pauses(self) -> list[float]:
        """The seconds between one create and the next."""
        return [later - earlier for earlier, later in pairwise(self._moments)]

    def _answer(self, request: Received) -> Reply:
        self._moments.append(time.monotonic())
        self.creates.append(request)
        return _refuse(self.refusals.pop(0)) if self.refusals else self._forward(request)

    def _forward(self, request: Received) -> Reply:
        passed_on = {name: request.headers[name] for name in ("authorization", "content-type")}
        answer = httpx2.post(
            f"{self.behind.url}{request.path}", content=request.body, headers=passed_on
        )
        return Reply(
            answer.status_code, answer.content, {"content-type": answer.headers["content-type"]}
        )


def _refuse(error: FilmgateError) -> Reply:
    refusal = refusal_of(error)
    headers = {"content-type": "application/json", **refusal.headers}
    return Reply(refusal.status, write(refusal).encode(), headers)
