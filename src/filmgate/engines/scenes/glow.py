"""What shines spreads: the light that lens and film scatter around bright places."""

import cv2
import numpy as np

from filmgate.engines.scenes.kernel import Floats

SCALE = 4
"""How much smaller the glow is than the picture."""

_THRESHOLD, _CEILING = 0.8, 6.0


def glow_of(light: Floats, *, unit: float) -> Floats:
    """Planes a quarter as wide and high as the picture, to be added to it."""
    height, width = light.shape[1] // SCALE, light.shape[2] // SCALE
    planes = []
    for plane in light:
        small = cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR)
        bright = np.clip(small - _THRESHOLD, 0, _CEILING - _THRESHOLD)
        near = cv2.GaussianBlur(bright, (0, 0), 3.5 * unit)
        half = (width // 4, height // 4)
        wide = cv2.GaussianBlur(
            cv2.resize(bright, half, interpolation=cv2.INTER_AREA), (0, 0), 7 * unit
        )
        near = near * 0.28 + cv2.resize(wide, (width // 2, height // 2)) * 0.5
        planes.append(cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.stack(planes)
