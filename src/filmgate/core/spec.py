"""VideoSpec: what was asked for, already valid. Only the catalogue makes one from a request."""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NewType, Self

CharacterId = NewType("CharacterId", str)
"""26 characters, as a video's id."""

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


class SourceUse(StrEnum):
    """What is done with the film that another one is made from."""

    EDIT = "edit"
    """Begin with its first frame, and be as long."""

    EXTENSION = "extension"
    """Go on from its last frame, and hold it as the first part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The film that a video is made from: a copy in our storage under the video's own folder.

    `video_id` is None for an upload. `duration` is in seconds, measured from the file.
    """

    use: SourceUse
    key: ObjectKey
    duration: float
    video_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """Everything that decides the pixels, in our words.

    `seconds` is the whole length, an extended film's source included. `references` are stored images of
    exactly `size`; the first is the first frame. `seed` is None where the client named none.
    """

    model: str
    engine: str
    prompt: str
    size: Size
    seconds: int
    seed: int | None = None
    references: tuple[ObjectKey, ...] = ()
    characters: tuple[CharacterId, ...] = ()
    source: Source | None = None

    @property
    def has_inputs(self) -> bool:
        """Whether it is made from objects, which are kept for as long as the video is."""
        return bool(self.references) or self.source is not None

    @property
    def new_seconds(self) -> int:
        """What has to be made: of an extension, only what its source does not hold already."""
        if self.source is None or self.source.use is SourceUse.EDIT:
            return self.seconds
        return self.seconds - round(self.source.duration)

    @property
    def chosen_seed(self) -> int:
        """The seed; where the client named none, one that the prompt decides.

        Of 31 bits: every upstream takes those, and no JSON reader rounds them.
        """
        if self.seed is not None:
            return self.seed
        return int.from_bytes(sha256(self.prompt.encode()).digest()[:4], "little") >> 1
