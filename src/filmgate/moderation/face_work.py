"""What the face detector's children do: look for the clearest face in pictures that filmgate wrote itself."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

THREADS = 2
LONGEST_SIDE = 1280
"""Halved, it takes a quarter of the time, and misses faces that are tilted far or stand upside down."""

LEAST_SCORE = 0.5
"""Faces in photographs score 0.5 to 0.97; the strongest of what was none, figures of `scenes`, 0.34."""

STRIDE = 4
"""The net's maps have one value for so many pixels each way; its input must be a multiple of 32."""

MAPS = ("537", "538", "539", "540")
"""The net's outputs: the score, the logarithms of height and width, the offset of the middle, and where eyes,
nose and mouth are. OpenCV gives all or none."""


def carry_out(order: Mapping[str, Any], _progress: Callable[[float], None]) -> object:
    """The first face found in the pictures as {picture, score, box}, or None. A box is x, y, width, height."""
    net = _net(order["model"])
    for number, path in enumerate(order["pictures"]):
        score, box = clearest_face(net, _pixels(path))
        if score >= LEAST_SCORE:
            return {"picture": number, "score": score, "box": box}
    return None


def clearest_face(net: Any, pixels: NDArray[np.uint8]) -> tuple[float, list[int]]:
    """The place that looks most like a face, and how much it does so, from 0 to 1.

    Since one face is enough, the others, and the same one seen twice, need not be told apart.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    seen = (_side(width * scale), _side(height * scale))
    small = cv2.resize(pixels, seen, interpolation=cv2.INTER_AREA)
    net.setInput(cv2.dnn.blobFromImage(small, swapRB=True))
    scores, sizes, offsets, _ = (each[0] for each in net.forward(MAPS))
    row, column = np.unravel_index(scores[0].argmax(), scores[0].shape)
    across, down = width / seen[0], height / seen[1]
    face_height, face_width = (STRIDE * math.exp(size[row, column]) for size in sizes)
    middle_y, middle_x = (
        STRIDE * (place + offset[row, column] + 0.5)
        for place, offset in zip((row, column), offsets, strict=True)
    )
    box = (
        (middle_x - face_width / 2) * across,
        (middle_y - face_height / 2) * down,
        face_width * across,
        face_height * down,
    )
    return float(scores[0, row, column]), [round(float(side)) for side in box]


@cache
def _net(model: str) -> Any:
    cv2.setNumThreads(THREADS)
    return cv2.dnn.readNetFromONNX(model)


def _pixels(path: str) -> NDArray[np.uint8]:
    pixels = cv2.imread(path, cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("a picture of ours that does not decode")
    return np.asarray(pixels, np.uint8)


def _side(length: float) -> int:
    return max(32, round(length / 32) * 32)
