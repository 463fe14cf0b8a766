"""Rendering an order: frames are drawn by several threads, encoded in their order, and get their sound."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.engines.scenes.film import Film
from filmgate.engines.scenes.films import film_of, sound_of
from filmgate.engines.scenes.onlooker import Onlooker
from filmgate.engines.scenes.order import SceneOrder
from filmgate.engines.scenes.tiny import tiny_size
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes

TITLE = "filmgate scene"
COMMENT = "Made by filmgate scenes: a procedural scene, not a generative model."

_THREADS = min(4, os.cpu_count() or 1)
_AHEAD = _THREADS + 2
"""How many frames may be drawn, or be waiting, before the encoder has taken the first of them."""

_TOLD_EVERY = FRAMES_PER_SECOND // 4
"""Frames between two words about progress: whoever hears them passes them on once a second."""


def render(order: SceneOrder, *, progress: Callable[[float], None]) -> None:
    """Write the finished MP4 to `order.output`, and its pictures if they are wanted.

    `progress` gets percentages from 0 to 100.
    """
    cv2.setNumThreads(1)  # the frames are drawn side by side already
    if order.tiny:
        _render_tiny(order, progress)
    else:
        _render_full(order, progress)


def _render_full(order: SceneOrder, progress: Callable[[float], None]) -> None:
    size, count = Size(order.width, order.height), order.seconds * FRAMES_PER_SECOND
    onlooker = Onlooker(order.pictures, frame_count=count)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="scenes") as pool:
        sound = pool.submit(sound_of, order)
        frames = onlooker.seeing(_drawn(film_of(order), count, pool))
        with Mp4Writer(order.output, size, title=TITLE, comment=COMMENT) as writer:
            _write(writer, frames, sound.result(), progress)
            pictures = pool.submit(onlooker.write)  # while the encoder finishes what it still holds
        pictures.result()


def _render_tiny(order: SceneOrder, progress: Callable[[float], None]) -> None:
    size, count = tiny_size(order.width, order.height), order.seconds * FRAMES_PER_SECOND
    onlooker = Onlooker(order.pictures, frame_count=count)
    frames = onlooker.seeing(map(film_of(order).frame, range(count)))
    with Mp4Writer(
        order.output, size, preset="ultrafast", threads=1, title=TITLE, comment=COMMENT
    ) as writer:
        _write(writer, frames, sound_of(order), progress)
    onlooker.write()


def _drawn(film: Film, count: int, pool: ThreadPoolExecutor) -> Iterator[Planes]:
    """The frames in their order, a few of them drawn ahead."""
    waiting: deque[Future[Planes]] = deque()
    try:
        for number in range(count):
            waiting.append(pool.submit(film.frame, number))
            if len(waiting) == _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for frame in waiting:
            frame.cancel()


def _write(
    writer: Mp4Writer,
    frames: Iterator[Planes],
    sound: NDArray[np.float32],
    progress: Callable[[float], None],
) -> None:
    """Each second of pictures is followed by the same second of sound."""
    count = sound.shape[1] * FRAMES_PER_SECOND // SAMPLE_RATE
    progress(0.0)
    for number, planes in enumerate(frames, start=1):
        writer.write_frame(planes)
        if number % FRAMES_PER_SECOND == 0:
            end = number // FRAMES_PER_SECOND * SAMPLE_RATE
            writer.write_audio(sound[:, end - SAMPLE_RATE : end])
        if number % _TOLD_EVERY == 0:
            progress(100.0 * number / count)
