"""Which film an order asks for: what draws its frames, and what it sounds like."""

import math

import numpy as np

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.engines.scenes.brief import Brief
from filmgate.engines.scenes.dissolve import Dissolve, Frozen, Later
from filmgate.engines.scenes.film import Film
from filmgate.engines.scenes.medallions import Portrayed
from filmgate.engines.scenes.order import FilmSoFar, SceneOrder
from filmgate.engines.scenes.pictures import in_planes, look_the_same, read_picture, resized
from filmgate.engines.scenes.prompt import read_prompt
from filmgate.engines.scenes.scene import Scene
from filmgate.engines.scenes.sound import Sound, soundtrack
from filmgate.engines.scenes.still import StillFilm
from filmgate.engines.scenes.tiny import TinyFilm, tiny_size, tiny_sound
from filmgate.media.encode import SAMPLE_RATE, Planes


def film_of(order: SceneOrder) -> Film:
    """What the order's frames are drawn by."""
    before = order.continues
    continued = None if before is None else _continued(order, before)
    if continued is not None:
        return continued
    if not order.references:
        return _portrayed(order, _scene(order, brief_of(order)))
    still = _still(order)
    if not order.portraits or (before is not None and before.has_portraits):
        return still  # whom the reference shows already need not be shown again
    return Dissolve(still, _portrayed(order, still))


def sound_of(order: SceneOrder) -> Sound:
    """The order's sound track."""
    if order.tiny:
        return tiny_sound(order.seconds, since=order.since)
    brief, before = brief_of(order), order.continues
    sound = soundtrack(brief, seconds=order.seconds, since=order.since)
    if before is None or _brief_before(before) == brief:
        return sound
    gone_on = soundtrack(_brief_before(before), seconds=1, since=order.since)
    angle = np.linspace(0, math.pi / 2, SAMPLE_RATE, dtype=np.float32)
    sound[:, :SAMPLE_RATE] *= np.sin(angle)
    sound[:, :SAMPLE_RATE] += gone_on * np.cos(angle)
    return sound


def brief_of(order: SceneOrder) -> Brief:
    return read_prompt(order.prompt, order.seed)


def _brief_before(before: FilmSoFar) -> Brief:
    return read_prompt(before.prompt, before.seed)


def _continued(order: SceneOrder, before: FilmSoFar) -> Film | None:
    """The film before, going on and turning into the order's scene; None when it ended otherwise.

    That is seen by drawing its last frame: it may have begun with a picture, have gone on from an upload,
    or be the work of an older filmgate.
    """
    gone_on = _scene(order, _brief_before(before))
    if before.has_portraits:
        gone_on = _portrayed(order, gone_on)
    start = order.since * FRAMES_PER_SECOND
    if not look_the_same(gone_on.frame(start - 1), _reference(order)):
        return None
    shows_all = before.has_portraits or not order.portraits
    if shows_all and _brief_before(before) == brief_of(order):
        return Later(gone_on, start)
    after = _portrayed(order, _scene(order, brief_of(order)))
    return Later(Dissolve(gone_on, after, at=start), start)


def _scene(order: SceneOrder, brief: Brief) -> Film:
    if order.tiny:
        return TinyFilm(brief, _size(order))
    return Scene(brief, width=order.width, height=order.height)


def _still(order: SceneOrder) -> Film:
    """A film that begins with the reference."""
    brief = brief_of(order)
    if order.tiny:
        return Dissolve(Frozen(_reference(order)), TinyFilm(brief, _size(order)))
    return StillFilm(brief, order.references, size=_size(order), seconds=order.seconds)


def _portrayed(order: SceneOrder, film: Film) -> Film:
    return Portrayed(film, order.portraits, _size(order)) if order.portraits else film


def _reference(order: SceneOrder) -> Planes:
    return in_planes(resized(read_picture(order.references[0]), _size(order)))


def _size(order: SceneOrder) -> Size:
    return (tiny_size if order.tiny else Size)(order.width, order.height)
