"""The prompt list: regular expressions of the operator's, none of which a prompt may match.

They run under RE2, whose time grows with the length of the text and not with the cunning of a pattern. One by
one, and not as a set: RE2 takes a set that outgrows its memory for one that does not match.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import re2

from filmgate.moderation.prompt_text import searched_forms

MAX_LIST_BYTES = 1 << 20
MAX_PATTERN_BYTES = 1 << 20
"""Of RE2's memory for each: more than a list of a thousand words takes."""


class UnusablePromptList(ValueError):
    """The file cannot be read, or a line of it is no pattern; the message says which and why."""


@dataclass(frozen=True, slots=True)
class PromptList:
    """Each pattern with the number of its line."""

    patterns: Sequence[tuple[int, Any]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """A pattern a line; empty lines and those that begin with # count for nothing."""
        lines = ((number, line.strip()) for number, line in enumerate(_lines(path), start=1))
        patterns = [
            (number, _pattern(line, path=path, number=number))
            for number, line in lines
            if line and not line.startswith("#")
        ]
        if not patterns:
            raise UnusablePromptList(f"{path} holds no pattern.")
        return cls(patterns)

    def line_against(self, prompt: str) -> int | None:
        """The number of the first line whose pattern the prompt matches. Takes the CPU: call it in a thread."""
        forms = searched_forms(prompt)
        matching = (
            line
            for line, pattern in self.patterns
            if any(pattern.search(form) is not None for form in forms)
        )
        return next(matching, None)


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LIST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusablePromptList(f"{path} cannot be read: {error}") from error
    if len(data) > MAX_LIST_BYTES:
        raise UnusablePromptList(f"{path} is larger than {MAX_LIST_BYTES >> 20} MiB.")
    return text.splitlines()


def _pattern(text: str, *, path: Path, number: int) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MAX_PATTERN_BYTES
    try:
        return re2.compile(unicodedata.normalize("NFKC", text), options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")
        raise UnusablePromptList(
            f"{path}, line {number} is no pattern of RE2 (which has no look-around and no "
            f"back-references): {reason}."
        ) from error
