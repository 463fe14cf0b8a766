"""A film from reference images: the first frame is the first image, then the camera moves over it.

Further images follow in equal parts of the clip, each dissolving into the next. The prompt still decides the
camera's move and what falls or floats before the picture.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.engines.scenes.brief import Brief, Light, Move
from filmgate.engines.scenes.camera import Moment, View
from filmgate.engines.scenes.canvas import Canvas, CanvasPool
from filmgate.engines.scenes.kernel import Floats
from filmgate.engines.scenes.pictures import read_picture
from filmgate.engines.scenes.scene import weather_layers
from filmgate.engines.scenes.setting import setting_of
from filmgate.engines.scenes.tone import copy_planes
from filmgate.media.encode import Planes

_DISSOLVE = 0.8
"""Seconds in which one image turns into the next."""

_ZOOM = 0.12
"""How much larger the image is at the end of its part."""

# Where the camera goes within what the zoom has pushed out of the frame, -1 to 1 to the right and down.
_AIMS = {
    Move.DRIFT: (0.35, -0.15),
    Move.PAN_LEFT: (-1.0, 0.0),
    Move.PAN_RIGHT: (1.0, 0.0),
    Move.PUSH_IN: (0.0, 0.0),
    Move.PULL_OUT: (0.0, 0.2),
    Move.RISE: (0.0, -1.0),
    Move.STILL: (0.0, 0.0),
}


class StillFilm:
    def __init__(
        self, brief: Brief, references: Sequence[Path], *, size: Size, seconds: float
    ) -> None:
        # Whatever falls before the image is lit by day: the image's own light is unknown.
        by_day = replace(brief, light=Light.DAY, has_lightning=False)
        self._setting = setting_of(by_day, width=size.width, height=size.height)
        self._canvases = CanvasPool(self._setting.lens)
        self._images = [_read(path, size) for path in references]
        self._weather = weather_layers(self._setting)
        self._seconds = seconds

    def frame(self, number: int) -> Planes:
        seconds = number / FRAMES_PER_SECOND
        part = self._seconds / len(self._images)
        current = min(int(seconds / part), len(self._images) - 1)
        since = seconds - current * part
        with self._canvases.borrow() as canvas:
            self._project(canvas, current, age=since + (_DISSOLVE if current else 0.0))
            until = part - since
            if until < _DISSOLVE and current + 1 < len(self._images):
                below = canvas.light.copy()
                self._project(canvas, current + 1, age=_DISSOLVE - until)
                canvas.light += (below - canvas.light) * np.float32(until / _DISSOLVE)
            self._add_weather(canvas, seconds)
            return copy_planes(canvas.light)

    def _project(self, canvas: Canvas, number: int, *, age: float) -> None:
        """Show an image as the camera sees it so long after it appeared."""
        lens = canvas.lens
        share = min(1.0, age / (self._seconds / len(self._images) + _DISSOLVE))
        way = share * share * (3 - 2 * share)
        zoom = 1 + _ZOOM * way * (0.0 if self._setting.brief.move is Move.STILL else 1.0)
        aim_x, aim_y = _AIMS[self._setting.brief.move]
        aside = -(zoom - 1) * lens.width * (0.5 + 0.5 * aim_x)
        down = -(zoom - 1) * lens.height * (0.5 + 0.5 * aim_y)
        move = np.array([[zoom, 0, aside], [0, zoom, down]], np.float32)
        for plane, target in zip(self._images[number], canvas.light, strict=True):
            cv2.warpAffine(
                plane,
                move,
                (lens.width, lens.height),
                dst=target,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )

    def _add_weather(self, canvas: Canvas, seconds: float) -> None:
        strength = min(1.0, max(0.0, (seconds - 0.25) / 1.5))
        if strength == 0:
            return
        moment = Moment(seconds=seconds, view=_STRAIGHT)
        for layer in self._weather:
            layer.draw_faded(canvas, moment, strength=strength)


_STRAIGHT = View(x=0, y=0, eye=0, focal=1, centre=0, horizon=0, slide=0, closer=0)


def _read(path: Path, size: Size) -> Floats:
    """Red, green and blue planes of 0 to 1, as they are displayed."""
    picture = read_picture(path)
    if picture.shape[:2] != (size.height, size.width):
        raise ValueError(
            f"{path.name} is {picture.shape[1]}x{picture.shape[0]}; it would have to be {size}"
        )
    return np.ascontiguousarray(np.moveaxis(picture, 2, 0))
