"""What passes between a plan and the client that carries it out: calls one way, outcomes the other."""

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2

from filmgate.calling.part_file import PartFile

_LONGEST_RETRY_AFTER = 120.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, to be sent `delay` seconds from now. The body of a good answer goes to `part`."""

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, object] | None = None
    form: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes]] | None = None
    part: PartFile | None = None
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
class Answer:
    """A whole answer; its body is empty where the bytes went to a part file."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_temporary(self) -> bool:
        """The same request may succeed later. A conflict is passing only when it says for how long."""
        if self.headers.get("x-should-retry") == "false":
            return False
        passing_conflict = self.status == 409 and self.retry_after is not None
        return self.status in {408, 429} or self.status >= 500 or passing_conflict

    @property
    def retry_after(self) -> float | None:
        """The pause that the server asks for, in seconds; None when it names none that we would keep."""
        milliseconds = self.number("retry-after-ms")
        pause = self.number("retry-after") if milliseconds is None else milliseconds / 1000
        return pause if pause is not None and 0 < pause <= _LONGEST_RETRY_AFTER else None

    def number(self, header: str) -> float | None:
        """The header's value; None when it is absent or no number."""
        try:
            return float(self.headers[header])
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Broken:
    """No whole answer came."""

    url: str
    error: httpx2.RequestError


Outcome = Answer | Broken
Plan = Generator[Call, Outcome, T]


def answer_from(response: httpx2.Response, body: bytes = b"") -> Answer:
    return Answer(response.status_code, response.headers, body)
