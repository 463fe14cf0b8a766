"""The `scenes` engine: procedural landscapes from a prompt, rendered in child processes of our own."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filmgate.core.ports import Attempt, Pictures, RenderedFile, Token
from filmgate.core.spec import SourceUse, VideoSpec
from filmgate.engines.rendering_child import in_engine_words
from filmgate.engines.scenes.order import FilmSoFar, SceneOrder
from filmgate.processes.children import Children


class ScenesEngine:
    """Always available: it needs no weights, no network and no GPU."""

    seats = None

    def __init__(self, *, cache: Path, tiny: bool = False) -> None:
        """`cache` is for compiled kernels, where they cannot be kept beside the sources.

        `tiny` makes very small videos, for test suites.
        """
        self._tiny = tiny
        # Beside the sources, numba's own choice, they are compiled once for all data folders.
        is_beside = os.access(Path(__file__).parent, os.W_OK)
        self._children = Children(
            "filmgate.engines.scenes.engine:carry_out",
            environment={} if is_beside else {"NUMBA_CACHE_DIR": str(cache)},
        )

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        output = attempt.workdir / "scene.mp4"
        order = order_of(spec, attempt, output=output, tiny=self._tiny)
        with in_engine_words():
            await self._children.run(order.to_json(), on_progress=attempt.progress)
        return RenderedFile(output, order.pictures)

    async def forget(self, token: Token) -> None:
        """Nothing outlives its attempt: the child that renders dies with it."""

    async def check(self) -> None:
        """Nothing can be missing: what it needs was installed with filmgate."""

    async def aclose(self) -> None:
        await self._children.aclose()


def order_of(spec: VideoSpec, attempt: Attempt, *, output: Path, tiny: bool) -> SceneOrder:
    return SceneOrder(
        prompt=spec.prompt,
        width=spec.size.width,
        height=spec.size.height,
        seconds=spec.seconds,
        seed=spec.chosen_seed,
        references=attempt.references,
        output=output,
        tiny=tiny,
        pictures=_pictures_of(spec, output.parent),
        portraits=attempt.portraits,
        since=_seconds_before(spec),
        continues=_film_so_far(spec, attempt.continues),
    )


def _pictures_of(spec: VideoSpec, folder: Path) -> Pictures | None:
    """Where they go. Not those of an extension: the film is longer than what is rendered of it."""
    if spec.source is not None and spec.source.use is SourceUse.EXTENSION:
        return None
    return Pictures(folder / "thumbnail.webp", folder / "spritesheet.jpg")


def _seconds_before(spec: VideoSpec) -> int:
    """How much of the film there is already."""
    if spec.source is None or spec.source.use is not SourceUse.EXTENSION:
        return 0
    return round(spec.source.duration)


def _film_so_far(spec: VideoSpec, before: VideoSpec | None) -> FilmSoFar | None:
    """None where the film before was not made here, or shows characters that are not at hand now."""
    if before is None or before.engine != spec.engine:
        return None
    if before.characters not in ((), spec.characters):
        return None
    return FilmSoFar(
        prompt=before.prompt,
        seed=before.chosen_seed,
        has_portraits=bool(before.characters),
    )


def carry_out(order: Mapping[str, Any], progress: Callable[[float], None]) -> None:
    """What the child calls with each order."""
    from filmgate.engines.scenes.render import render  # noqa: PLC0415 (numba and OpenCV: child only)

    render(SceneOrder.from_json(order), progress=progress)
