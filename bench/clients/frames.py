"""Server-sent events, read as they come."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """An event: its name and what it says."""

    name: str
    body: dict[str, Any]

    @property
    def video_id(self) -> str:
        """Without its prefix."""
        told = self.body.get("data", self.body)
        return str(told["id"]).partition("_")[2]


class FrameReader:
    """Pieces of a stream in, frames out. Comments and opening frames say nothing, and are left out."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, piece: bytes) -> list[Frame]:
        *whole, self._rest = (self._rest + piece).split(b"\n\n")
        return [frame for text in whole if (frame := _frame(text.decode())) is not None]


def _frame(text: str) -> Frame | None:
    fields = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith(":"))
    if "event" not in fields:
        return None
    return Frame(fields["event"], json.loads(fields["data"]))
