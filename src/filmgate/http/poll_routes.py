"""What a dialect says of its query routes, so that polls can be answered on a shorter way: see `polling.py`."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from filmgate.core.video import Video
from filmgate.http.video_answer import AddPlace


@dataclass(frozen=True, slots=True)
class PollRoute:
    """A query route: `path` is an expression for it with our part of the id as its only group, `template` its name
    in metrics.

    What `writer` writes may depend on the host that was asked, where `names_host`; on nothing else of the request.
    """

    template: str
    path: str
    writer: Callable[[Request], Callable[[Video], str]]
    names_host: bool = False
    add_place: AddPlace | None = None
