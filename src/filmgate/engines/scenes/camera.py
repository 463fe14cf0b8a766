"""The camera: where it stands at each moment, and how a point of the world falls on the picture.

The world's x goes right, y away from us and z up from the water, in metres. The camera never turns: panning
shifts the picture behind the lens, as a view camera does, so that upright things stay upright.
"""

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
    """A time in the clip and the camera at that time."""

    seconds: float
    length: float
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


def moment_at(lens: Lens, move: Move, footing: Footing, *, seconds: float, length: float) -> Moment:
    """The camera after so many of the clip's seconds. It is in the middle of its way at half time."""
    way = _eased(seconds / length) - 0.5
    reach = min(1.0, 0.35 + length / 16)  # a longer clip goes further, but never twice as fast
    side, ahead, up, pan, zoom = _DIRECTIONS[move]
    travel = footing.stride * reach
    view = View(
        x=way * side * travel,
        y=(way + 0.5) * ahead * travel,
        eye=footing.ground + footing.eye * (1 + up * reach * way),
        focal=lens.focal * (1.04 + zoom * reach * way),
        centre=lens.width / 2 - way * pan * reach * lens.width,
        horizon=lens.horizon + up * reach * way * lens.height * 0.06,
        slide=way * side * reach,
        closer=(0.045 * ahead + 0.8 * zoom) * reach * way,
    )
    return Moment(seconds=seconds, length=length, view=view)


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


def _eased(share: float) -> float:
    """0 to 1, a little slower at both ends."""
    return 0.5 * share + 0.5 * share * share * (3 - 2 * share)
