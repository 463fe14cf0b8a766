"""VideoSpec: what was asked for, already valid. Only `catalogue.validate` makes one from a request."""

import re
from dataclasses import dataclass
from typing import NewType, Self

ObjectKey = NewType("ObjectKey", str)
"""The name of an object in our storage: `folder/folder/name.ext`, never starting with a slash."""

FRAMES_PER_SECOND = 24
"""Of every video that we render ourselves; upstreams choose their own."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels, written `1280x720`."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise ValueError when the text is not two numbers joined by an x."""
        match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
        if match is None:
            raise ValueError(f"{text!r} is not a size such as 1280x720")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """Everything that decides the pixels, in our words.

    `references` are stored images of exactly `size`; the first is the first frame. `seed` is None
    where the client left the choice to the engine.
    """

    model: str
    engine: str
    prompt: str
    size: Size
    seconds: int
    seed: int | None = None
    references: tuple[ObjectKey, ...] = ()
