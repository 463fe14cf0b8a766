"""Where every refusal becomes an answer: the path decides whose words it is written in."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from filmgate.http.errors import Refusal
from filmgate.http.json_answer import json_answer

WriteRefusal = Callable[[Refusal], str]
"""A dialect's error body, as JSON."""


@dataclass(frozen=True, slots=True)
class ErrorDialect:
    """The paths on which a dialect's clients expect its own error body."""

    paths: re.Pattern[str]
    write: WriteRefusal


@dataclass(frozen=True, slots=True)
class Refusals:
    """Writes refusals in the first dialect whose paths match, else in the `fallback`."""

    dialects: Sequence[ErrorDialect]
    fallback: WriteRefusal

    def answer(self, refusal: Refusal, *, path: str) -> Response:
        own = (dialect.write for dialect in self.dialects if dialect.paths.match(path))
        write = next(own, self.fallback)
        return json_answer(write(refusal), status=refusal.status, headers=refusal.headers)
