"""SceneOrder: what the engine asks of its child process, as plain JSON values on the way."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from filmgate.core.ports import Pictures

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSoFar:
    """The film that an extension goes on from, as far as we made it.

    `has_portraits` says that it shows the characters that the extension shows.
    """

    prompt: str
    seed: int
    has_portraits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOrder:
    """One render: the same order makes the same frames. `tiny` asks for 64 pixels on the short side.

    An extension comes after `since` seconds of film, and the first of `references` is their last frame. No
    `pictures` are taken of it: they are to be of the whole.
    """

    prompt: str
    width: int
    height: int
    seconds: int
    seed: int
    references: tuple[Path, ...]
    output: Path
    tiny: bool
    pictures: Pictures | None = None
    portraits: tuple[Path, ...] = ()
    since: int = 0
    continues: FilmSoFar | None = None

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        before, pictures = data["continues"], data["pictures"]
        return cls(
            prompt=data["prompt"],
            width=data["width"],
            height=data["height"],
            seconds=data["seconds"],
            seed=data["seed"],
            references=tuple(map(Path, data["references"])),
            output=Path(data["output"]),
            tiny=data["tiny"],
            pictures=None if pictures is None else Pictures(*map(Path, pictures)),
            portraits=tuple(map(Path, data["portraits"])),
            since=data["since"],
            continues=None if before is None else FilmSoFar(**before),
        )

    def to_json(self) -> JsonObject:
        return {
            "prompt": self.prompt,
            "width": self.width,
            "height": self.height,
            "seconds": self.seconds,
            "seed": self.seed,
            "references": [str(path) for path in self.references],
            "output": str(self.output),
            "tiny": self.tiny,
            "pictures": None
            if self.pictures is None
            else [str(self.pictures.thumbnail), str(self.pictures.spritesheet)],
            "portraits": [str(path) for path in self.portraits],
            "since": self.since,
            "continues": None if self.continues is None else asdict(self.continues),
        }
