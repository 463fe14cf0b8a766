"""Film: whatever can be asked for its frames by number."""

from typing import Protocol

from filmgate.media.encode import Planes


class Film(Protocol):
    def frame(self, number: int) -> Planes:
        """The same number gives the same frame, in any order and from several threads at once."""
