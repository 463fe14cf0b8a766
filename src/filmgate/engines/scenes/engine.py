"""The `scenes` engine: procedural landscapes from a prompt, rendered in child processes of our own."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filmgate.core.ports import Attempt, RenderedFile
from filmgate.core.spec import VideoSpec
from filmgate.engines.children import Children
from filmgate.engines.scenes.order import SceneOrder


class ScenesEngine:
    """Always available: it needs no weights, no network and no GPU."""

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
        order = SceneOrder(
            prompt=spec.prompt,
            width=spec.size.width,
            height=spec.size.height,
            seconds=spec.seconds,
            seed=spec.seed,
            references=attempt.references,
            output=output,
            tiny=self._tiny,
        )
        await self._children.run(order.to_json(), on_progress=attempt.progress)
        return RenderedFile(output)

    async def check(self) -> None:
        """Nothing can be missing: what it needs was installed with filmgate."""

    async def aclose(self) -> None:
        await self._children.aclose()


def carry_out(order: Mapping[str, Any], progress: Callable[[float], None]) -> None:
    """What the child calls with each order."""
    from filmgate.engines.scenes.render import render  # noqa: PLC0415 (numba and OpenCV: child only)

    render(SceneOrder.from_json(order), progress=progress)
