"""The bench: work on films for callers on the event loop, done in child processes.

A malicious film can at worst end the child that looks at it. A child may use so much memory and no more, and
what takes too long is killed with its child.
"""

import asyncio
from asyncio import Semaphore
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filmgate.core.ports import Pictures
from filmgate.core.spec import Size
from filmgate.media.errors import MediaStarved, MediaUnavailable, UnusableFilm
from filmgate.media.stills import Still
from filmgate.media.uploads import FilmFacts
from filmgate.processes.children import Children
from filmgate.processes.outcomes import ChildBroken, Refused

LOOKS_AT_ONCE = 4
"""Strangers decide how many there are; films are stitched by workers, which have slots for that."""

LOOK_SECONDS = 60.0
"""For everything that decodes a few frames; usually it takes a tenth of a second."""

STITCH_SECONDS = 600.0

_STARVED = "This machine has too little room, memory or processes left to work on films just now."


class MediaBench:
    """Every method raises UnusableFilm where the film is to blame, and MediaUnavailable where it need not be.

    MediaStarved says that neither is: this machine has too little left of something.
    """

    def __init__(self, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._children = Children("filmgate.media.bench_work:carry_out", environment={})
        self._seats = Semaphore(LOOKS_AT_ONCE)

    async def pictures(self, video: Path, *, into: Path) -> Pictures:
        pictures = Pictures(into / "thumbnail.webp", into / "spritesheet.jpg")
        await self._have_done(
            {
                "do": "pictures",
                "video": str(video),
                "thumbnail": str(pictures.thumbnail),
                "spritesheet": str(pictures.spritesheet),
            }
        )
        return pictures

    async def check_film(self, path: Path) -> FilmFacts:
        """What is in an upload. A film that ends its child twice, or keeps it busy, is unusable."""
        order = {"do": "check_film", "video": str(path)}
        try:
            try:
                facts = await self._look(order)
            except ChildBroken:
                facts = await self._look(order)
        except (ChildBroken, TimeoutError) as error:
            raise UnusableFilm(
                "This film cannot be read in reasonable time and memory; send one that plays."
            ) from error
        except OSError as error:
            raise MediaStarved(_STARVED) from error
        return FilmFacts(**facts)

    async def first_frame(self, video: Path, output: Path, *, size: Size) -> None:
        await self._have_done(
            {"do": "first_frame", "video": str(video), "output": str(output), "size": str(size)}
        )

    async def last_frame(self, video: Path, output: Path, *, size: Size) -> None:
        await self._have_done(
            {"do": "last_frame", "video": str(video), "output": str(output), "size": str(size)}
        )

    async def portrait(self, video: Path, output: Path) -> None:
        await self._have_done({"do": "portrait", "video": str(video), "output": str(output)})

    async def stills(self, video: Path, *, into: Path) -> list[Still]:
        """A few frames of the whole film, small enough to be looked at quickly."""
        order = {"do": "stills", "video": str(video), "into": str(into)}
        written = await self._have_done(order)
        return [Still(Path(each["path"]), each["seconds"]) for each in written]

    async def stitch(
        self,
        first: Path,
        second: Path,
        output: Path,
        *,
        size: Size,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        order = {
            "do": "stitch",
            "first": str(first),
            "second": str(second),
            "output": str(output),
            "size": str(size),
        }
        with _broken_is_unavailable("stitch"):
            await self._order(order, seconds=STITCH_SECONDS, on_progress=on_progress)

    async def aclose(self) -> None:
        await self._children.aclose()

    async def _have_done(self, order: Mapping[str, str]) -> Any:
        with _broken_is_unavailable(order["do"]):
            return await self._look(order)

    async def _look(self, order: Mapping[str, str]) -> Any:
        async with self._seats:
            return await self._order(order, seconds=self._look_seconds)

    async def _order(
        self,
        order: Mapping[str, str],
        *,
        seconds: float,
        on_progress: Callable[[float], None] | None = None,
    ) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await self._children.run(order, on_progress=on_progress or _ignore)
        except Refused as error:
            raise UnusableFilm(error.message) from error


@contextmanager
def _broken_is_unavailable(work: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise MediaUnavailable(f"{work} took too long and was stopped.") from error
    except OSError as error:
        raise MediaStarved(_STARVED) from error
    except ChildBroken as error:
        raise MediaUnavailable(f"{work} did not end well: {error}") from error


def _ignore(_: float) -> None:
    """For orders that are done before anybody could look at their progress."""
