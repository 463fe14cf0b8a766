"""The camera: where it stands at each moment, and how a point of the world falls on the picture.

The world's x goes right, y away from us and z up from the water, in metres. The camera never turns: panning
shifts the picture behind the lens, as a view camera does, so that upright things stay upright.
"""

import math
from dataclasses import dataclass

from filmgate.engines.scenes.brief import Brief, Land, Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What the size of the picture decides, in pixels. `unit` scales whatever was designed for 720 lines."""

    width: int
    height: int
    focal: float
    horizon: float
    unit: float

    @property
    def half_view(self) -> float:
        """The tangent of half the angle that it sees from side to side."""
        return self.width / 2 / self.focal

    @property
    def top(self) -> float:
        """The tangent of the angle from the horizon to the upper edge."""
        return self.horizon / self.focal


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """Where the camera stands: the height of the ground there, of the eye over it, and how far it strides.

    All in metres. Before a wide lake a walk of ten metres would change nothing.
    """

    eye: float
    stride: float
    ground: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The camera at one moment. `centre` and `horizon` are the pixel that it looks straight at.

    `slide` and `closer` say how far it has moved for what stands near, in shares of its distance.
    """

    x: float
    y: float
    eye: float
    focal: float
    centre: float
    horizon: float
    slide: float
    closer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time in the film and the camera at that time."""

    seconds: float
    view: View


def lens_for(width: int, height: int, brief: Brief) -> Lens:
    """Tall pictures see less to the sides and put the horizon lower in the frame."""
    share = _HORIZONS.get(brief.land, 0.58) + (0.05 if height > width else 0.0)
    return Lens(
        width=width,
        height=height,
        focal=0.62 * (width + height),
        horizon=round(height * share),
        unit=min(width, height) / 720,
    )


def moment_at(lens: Lens, move: Move, footing: Footing, *, seconds: float) -> Moment:
    """The camera after so many seconds of the film."""
    way = way_at(seconds)
    side, ahead, up, pan, zoom = _DIRECTIONS[move]
    view = View(
        x=way * side * footing.stride,
        y=(way - _FIRST) * ahead * footing.stride,
        eye=footing.ground + footing.eye * (1 + up * way),
        focal=lens.focal * (1.04 + zoom * way),
        centre=lens.width / 2 - way * pan * lens.width,
        horizon=lens.horizon + up * way * lens.height * 0.06,
        slide=way * side,
        closer=(0.045 * ahead + 0.8 * zoom) * way,
    )
    return Moment(seconds=seconds, view=view)


def way_at(seconds: float) -> float:
    """How far the camera has come, from -0.5 at first to nearly 0.6.

    It sets off from rest and never stops, ever more slowly. It knows nothing of the film's length: whoever
    continues a film has only to ask for later seconds.
    """
    gone = math.hypot(seconds, 1.0) - 1.0
    return _FIRST + _REACH * gone / (gone + _HALFWAY)


_FIRST, _REACH = -0.5, 1.1
_HALFWAY = 3.0
"""After about so many seconds half of the way is done."""


_HORIZONS = {Land.STREET: 0.60, Land.DESERT: 0.50, Land.HILLS: 0.52, Land.FOREST: 0.52}

# Sideways and ahead in strides, up in heights of the eye over the ground; then pan and zoom.
_DIRECTIONS: dict[Move, tuple[float, float, float, float, float]] = {
    Move.DRIFT: (1.4, 0.6, 0.10, 0.05, 0.03),
    Move.PAN_LEFT: (-1.6, 0.0, 0.0, -0.30, 0.0),
    Move.PAN_RIGHT: (1.6, 0.0, 0.0, 0.30, 0.0),
    Move.PUSH_IN: (0.3, 3.2, 0.0, 0.0, 0.08),
    Move.PULL_OUT: (-0.3, -1.2, 0.15, 0.0, -0.10),
    Move.RISE: (0.4, 1.0, 0.9, 0.02, 0.02),
    Move.STILL: (0.0, 0.0, 0.0, 0.0, 0.0),
}
