"""The ground that a subject stands on: a rise close to the camera, grown with grass, or bare."""

import cv2
import numpy as np

from filmgate.engines.scenes.brief import Land
from filmgate.engines.scenes.camera import Moment
from filmgate.engines.scenes.canvas import Canvas
from filmgate.engines.scenes.kernel import Bytes, Floats, Real, f32, kernel, unit
from filmgate.engines.scenes.palette import linear
from filmgate.engines.scenes.setting import Setting

CREST = 0.895
"""Where its top is, in heights of the picture."""

_ABOVE = 0.10
"""How much air the mask has over the crest, for grass, in heights of the picture."""


class Stage:
    def __init__(self, setting: Setting) -> None:
        palette = setting.palette
        self._mask = _mask(setting)
        light = palette.ambient * np.float32(0.8) + palette.sun * np.float32(0.22)
        soil = _soil(setting)
        self._colours = np.stack([soil * light * 1.1 + palette.glow * 0.03, soil * light * 0.35])

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        lens, view = canvas.lens, moment.view
        zoom = 1 + view.closer
        rows = int(lens.height * 0.26)
        top = lens.height - rows
        aside = view.centre - view.slide * lens.width * 0.10 - self._mask.shape[1] / 2 * zoom
        crest = view.horizon + (CREST * lens.height - lens.horizon) * zoom - top
        down = crest - lens.height * _ABOVE * zoom
        move = np.array([[zoom, 0, aside], [0, zoom, down]], np.float32)
        size = (lens.width, rows)
        mask = cv2.warpAffine(self._mask, move, size, borderMode=cv2.BORDER_REPLICATE)
        ground = np.asarray(mask, np.uint8)
        _lay(canvas.light[:, top:], ground, self._colours, f32(crest), f32(lens.height * 0.12))


def _soil(setting: Setting) -> Floats:
    if setting.brief.is_wintry:
        return linear("e8eef8", 0.5)
    if setting.brief.land is Land.DESERT:
        return linear("c09058", 0.4)
    return linear("3c4a22", 0.34)


def _mask(setting: Setting) -> Bytes:
    """White where the ground is."""
    lens, dice = setting.lens, setting.dice("stage")
    width, height = int(lens.width * 1.5), int(lens.height * 0.36)
    mask = np.zeros((height, width), np.uint8)
    x = np.arange(0, width + 8, 8)
    aside = (x - width / 2) / lens.width
    swell = 0.014 * np.sin(5 * aside + dice.uniform(0, 6)) + 0.10 * aside**2
    line = lens.height * (_ABOVE + swell - swell[len(x) // 2])
    ground = np.concatenate([np.stack([x, line], axis=1), [[width + 8, height], [0, height]]])
    _fill(mask, ground)
    if setting.brief.is_wintry or setting.brief.land is Land.DESERT:
        return mask
    for _ in range(int(width / lens.unit / 2.2)):
        root = dice.uniform(0, width)
        foot = float(np.interp(root, x, line)) + dice.uniform(0, 10) * lens.unit
        tall = (dice.random() ** 2 * 26 + 7) * lens.unit
        _fill(mask, _blade(root, foot, tall=tall, lean=dice.gauss(0.12, 0.35), unit=lens.unit))
    return mask


def _blade(x: float, y: float, *, tall: float, lean: float, unit: float) -> Floats:
    bend = lean * tall
    corners = [
        (-1.2 * unit, 0),
        (bend * 0.35 - 0.4 * unit, -tall * 0.6),
        (bend, -tall),
        (bend * 0.35 + 0.8 * unit, -tall * 0.55),
        (1.2 * unit, 0),
    ]
    return np.array(corners, np.float32) + np.array([x, y], np.float32)


def _fill(mask: Bytes, outline: Floats) -> None:
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


@kernel
def _lay(light: Floats, mask: Bytes, colours: Floats, crest: Real, depth: Real) -> None:
    """Over the picture; the ground is `colours[0]` at its crest and `colours[1]` below."""
    rows, width = mask.shape
    for row in range(rows):
        share = unit((f32(row) - crest + f32(0.25) * depth) / depth)
        for x in range(width):
            part = f32(mask[row, x]) * f32(1 / 255)
            for channel in range(3):
                crest_colour = colours[0, channel]
                colour = crest_colour + (colours[1, channel] - crest_colour) * share
                light[channel, row, x] += (colour - light[channel, row, x]) * part
