"""SceneOrder: what the engine asks of its child process, as plain JSON values on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOrder:
    """One render: the same order makes the same frames. `tiny` asks for 64 pixels on the short side."""

    prompt: str
    width: int
    height: int
    seconds: int
    seed: int | None
    references: tuple[Path, ...]
    output: Path
    tiny: bool

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        return cls(
            prompt=data["prompt"],
            width=data["width"],
            height=data["height"],
            seconds=data["seconds"],
            seed=data["seed"],
            references=tuple(map(Path, data["references"])),
            output=Path(data["output"]),
            tiny=data["tiny"],
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
        }
