"""What a dialect says of its create calls, so that plain ones can be accepted on a shorter way: see `creating.py`."""

from collections.abc import Callable
from dataclasses import dataclass

from filmgate.core.video import Dialect, Video
from filmgate.http.bodies.fields import Fields
from filmgate.http.creation import Order, read_order
from filmgate.http.video_answer import AddPlace


@dataclass(frozen=True, slots=True)
class CreateRoute:
    """`write` is what a client is told that does not wish to wait."""

    path: str
    dialect: Dialect
    write: Callable[[Video], str]
    parse: Callable[[Fields], Order] = read_order
    add_place: AddPlace | None = None
