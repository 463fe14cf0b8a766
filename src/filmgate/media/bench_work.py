"""What the bench's children do with an order."""

import resource
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

from filmgate.core.spec import Size
from filmgate.media.errors import UnusableFilm
from filmgate.media.frames import write_first_frame, write_last_frame
from filmgate.media.pictures import write_pictures
from filmgate.media.portraits import write_portrait
from filmgate.media.stills import write_stills
from filmgate.media.stitch import stitch
from filmgate.media.uploads import check_film
from filmgate.processes.outcomes import Refused

MEMORY_LIMIT_BYTES = 4 << 30
"""To stitch a film of 4096x4096 pixels and ten bits, the largest that we accept, takes half of it."""

Order = Mapping[str, str]
Progress = Callable[[float], None]


def carry_out(order: Order, progress: Progress) -> object:
    """Raises Refused for a film that is to blame itself."""
    _bound_this_process()
    try:
        return _WORK[order["do"]](order, progress)
    except UnusableFilm as error:
        raise Refused("unusable_film", str(error)) from error


@cache
def _bound_this_process() -> None:
    """Memory that a file makes us claim beyond this is refused; a crash leaves no image of it on the disk."""
    _lower(resource.RLIMIT_DATA, MEMORY_LIMIT_BYTES)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY or hard > limit:
        resource.setrlimit(kind, (limit, limit))


def _pictures(order: Order, _progress: Progress) -> None:
    write_pictures(
        Path(order["video"]),
        thumbnail=Path(order["thumbnail"]),
        spritesheet=Path(order["spritesheet"]),
    )


def _check_film(order: Order, _progress: Progress) -> object:
    return asdict(check_film(Path(order["video"])))


def _first_frame(order: Order, _progress: Progress) -> None:
    write_first_frame(Path(order["video"]), Path(order["output"]), size=Size.parse(order["size"]))


def _last_frame(order: Order, _progress: Progress) -> None:
    write_last_frame(Path(order["video"]), Path(order["output"]), size=Size.parse(order["size"]))


def _portrait(order: Order, _progress: Progress) -> None:
    write_portrait(Path(order["video"]), Path(order["output"]))


def _stills(order: Order, _progress: Progress) -> object:
    stills = write_stills(Path(order["video"]), Path(order["into"]))
    return [{"path": str(still.path), "seconds": still.seconds} for still in stills]


def _stitch(order: Order, progress: Progress) -> None:
    stitch(
        Path(order["first"]),
        Path(order["second"]),
        Path(order["output"]),
        size=Size.parse(order["size"]),
        progress=progress,
    )


_WORK: Mapping[str, Callable[[Order, Progress], object]] = {
    "pictures": _pictures,
    "check_film": _check_film,
    "first_frame": _first_frame,
    "last_frame": _last_frame,
    "portrait": _portrait,
    "stills": _stills,
    "stitch": _stitch,
}
