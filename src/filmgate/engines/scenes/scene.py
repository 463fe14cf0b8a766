"""Scene: a prompt's world, built once; each of its frames is a function of the frame's number."""

from collections.abc import Iterable

from filmgate.core.spec import FRAMES_PER_SECOND
from filmgate.engines.scenes.brief import Brief, Land, Light, Subject, Weather
from filmgate.engines.scenes.camera import Footing, moment_at
from filmgate.engines.scenes.canvas import CanvasPool, Layer
from filmgate.engines.scenes.cast import Actor
from filmgate.engines.scenes.land import Terrain
from filmgate.engines.scenes.lightning import Lightning
from filmgate.engines.scenes.motes import Motes
from filmgate.engines.scenes.night import Aurora, Stars
from filmgate.engines.scenes.rain import Rain, Rings
from filmgate.engines.scenes.setting import Setting, setting_of
from filmgate.engines.scenes.sky import Sky
from filmgate.engines.scenes.skyline import Skyline
from filmgate.engines.scenes.stage import Stage
from filmgate.engines.scenes.street import Street
from filmgate.engines.scenes.tone import STOCKS, Developer
from filmgate.engines.scenes.water import Water
from filmgate.media.encode import Planes


class Scene:
    def __init__(self, brief: Brief, *, width: int, height: int) -> None:
        setting = setting_of(brief, width=width, height=height)
        self._setting = setting
        self._canvases = CanvasPool(setting.lens)
        self._footing, world = _world(setting)
        self._layers = (*_sky(setting), *world, *_foreground(setting), *weather_layers(setting))
        stock = STOCKS[brief.grade]
        self._developer = Developer(stock, setting.lens, setting.rng("grain"))

    def frame(self, number: int) -> Planes:
        moment = moment_at(
            self._setting.lens,
            self._setting.brief.move,
            self._footing,
            seconds=number / FRAMES_PER_SECOND,
        )
        with self._canvases.borrow() as canvas:
            canvas.clear()
            for layer in self._layers:
                layer.draw(canvas, moment)
            return self._developer.develop(canvas.light, number)


def weather_layers(setting: Setting) -> list[Rain | Motes]:
    match setting.brief.weather:
        case Weather.CLEAR:
            return []
        case Weather.RAIN:
            return [Rain(setting)]
        case _:
            return [Motes(setting)]


def _sky(setting: Setting) -> list[Layer]:
    brief = setting.brief
    if brief.land is Land.STREET:
        return [Street(setting)]
    layers: list[Layer] = [Sky(setting)]
    if brief.light is Light.NIGHT:
        layers.append(Stars(setting))
    if brief.has_aurora:
        layers.append(Aurora(setting))
    if brief.has_lightning:
        layers.append(Lightning(setting))
    return layers


def _world(setting: Setting) -> tuple[Footing, list[Layer]]:
    """Whatever stands before the sky, and where the camera stands in it."""
    brief = setting.brief
    match brief.land:
        case Land.STREET:
            return Footing(eye=8.0, stride=2.0), []
        case Land.CITY:
            return Footing(eye=8.0, stride=8.0), [Skyline(setting)]
        case land:
            eye = _WET_EYES.get(land, 9.0) if brief.has_water else _DRY_EYES[land]
            terrain = Terrain(setting, eye=eye)
            return terrain.footing, [terrain]


_WET_EYES = {Land.SEA: 5.0}
_DRY_EYES = {
    Land.MOUNTAINS: 14.0,
    Land.HILLS: 22.0,
    Land.FOREST: 22.0,
    Land.DESERT: 20.0,
}


def _foreground(setting: Setting) -> list[Layer]:
    """Subjects on or over the water are mirrored in it; those that stand on a rise are before it."""
    subjects = setting.brief.subjects
    if setting.brief.land is Land.STREET:
        return [*_actors(setting, subjects), *_water(setting)]
    afloat = [subject for subject in subjects if not subject.stands]
    standing = [subject for subject in subjects if subject.stands]
    layers = [*_actors(setting, afloat), *_water(setting)]
    if standing:
        standing.sort(key=lambda subject: subject is not Subject.TREE)  # the others before the tree
        layers += [Stage(setting), *_actors(setting, standing)]
    return layers


def _actors(setting: Setting, subjects: Iterable[Subject]) -> list[Layer]:
    return [Actor(setting, subject) for subject in subjects]


def _water(setting: Setting) -> list[Layer]:
    if not setting.brief.has_water:
        return []
    if setting.brief.weather is Weather.RAIN:
        return [Water(setting), Rings(setting)]
    return [Water(setting)]
