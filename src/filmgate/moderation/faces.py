"""The face detector for callers on the event loop: the net runs in child processes, a few at once.

Without a verdict in time there is none: whoever asked must then refuse.
"""

import asyncio
from asyncio import Semaphore
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from filmgate.moderation.errors import ModerationUnavailable
from filmgate.processes.children import Children
from filmgate.processes.outcomes import ChildBroken

LOOKS_AT_ONCE = 2
"""Each takes two threads, for a fifth of a second a picture."""

TIME_LIMIT = timedelta(seconds=30)
"""For one look, the wait for a free seat included."""


@dataclass(frozen=True, slots=True)
class Face:
    """The clearest one, in the picture of that number; its box is x, y, width and height in pixels."""

    picture: int
    score: float
    box: tuple[int, int, int, int]


class FaceDetector:
    """Finds faces in pictures that filmgate has decoded and written anew: never in what strangers sent."""

    def __init__(self, model: Path, *, scratch: Path, time_limit: timedelta = TIME_LIMIT) -> None:
        """`scratch` is a folder for the pictures of whoever asks."""
        self.scratch = scratch
        self._model = model
        self._time_limit = time_limit
        self._children = Children("filmgate.moderation.face_work:carry_out", environment={})
        self._seats = Semaphore(LOOKS_AT_ONCE)

    async def find(self, pictures: Sequence[Path]) -> Face | None:
        """In the first picture that shows one. Raises ModerationUnavailable."""
        order = {"model": str(self._model), "pictures": [str(path) for path in pictures]}
        try:
            async with asyncio.timeout(self._time_limit.total_seconds()), self._seats:
                found = await self._children.run(order, on_progress=lambda _: None)
        except TimeoutError as error:
            raise ModerationUnavailable(_away("took too long")) from error
        except (ChildBroken, OSError) as error:
            raise ModerationUnavailable(_away("did not end well")) from error
        if found is None:
            return None
        return Face(found["picture"], found["score"], tuple(found["box"]))

    async def check(self) -> None:
        """Whether the model loads. Raises ModerationUnavailable."""
        await self.find([])

    async def aclose(self) -> None:
        await self._children.aclose()


def _away(what: str) -> str:
    return f"The search for faces {what}, and without it no picture or film is accepted."
