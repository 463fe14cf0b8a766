"""Canvas: the memory that one frame is drawn in, used again for later frames."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np

from filmgate.engines.scenes.camera import Lens, Moment
from filmgate.engines.scenes.kernel import Bytes, Floats

SKY_SCALE = 4
"""The sky is painted with a quarter of the pixels in each direction: clouds have no sharp edges."""

LAND, SUBJECT = 1, 2


@dataclass(slots=True)
class Canvas:
    """`light` is linear RGB as three planes, row 0 at the top.

    `solid` marks pixels of things that stand in the world: LAND, or a SUBJECT, whose mirror image in water
    begins at the row that `feet` holds for its columns. `cover` is how much of the sky's pixel is cloud.
    """

    lens: Lens
    light: Floats = field(init=False)
    solid: Bytes = field(init=False)
    feet: Floats = field(init=False)
    sky: Floats = field(init=False)
    cover: Floats = field(init=False)

    def __post_init__(self) -> None:
        height, width = self.lens.height, self.lens.width
        rows, columns = -(-height // SKY_SCALE), -(-width // SKY_SCALE)
        self.light = np.zeros((3, height, width), np.float32)
        self.solid = np.zeros((height, width), np.uint8)
        self.feet = np.zeros(width, np.float32)
        self.sky = np.zeros((3, rows, columns), np.float32)
        self.cover = np.zeros((rows, columns), np.float32)

    def clear(self) -> None:
        """Forget what stood in the world. The sky paints over all the rest."""
        self.solid[:] = 0
        self.feet[:] = 0


class Layer(Protocol):
    """One thing in the picture. Layers are drawn from far to near."""

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """The same moment gives the same pixels; several threads draw on canvases of their own."""


class CanvasPool:
    """As many canvases as there are threads that draw at once."""

    def __init__(self, lens: Lens) -> None:
        self._lens = lens
        self._idle: SimpleQueue[Canvas] = SimpleQueue()

    @contextmanager
    def borrow(self) -> Iterator[Canvas]:
        try:
            canvas = self._idle.get_nowait()
        except Empty:
            canvas = Canvas(self._lens)
        yield canvas
        self._idle.put(canvas)
