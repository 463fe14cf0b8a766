"""Derivations: the specs of films that are made from films, by remix, edit and extension."""

from dataclasses import dataclass, replace

from filmgate.core.catalogue import (
    Catalogue,
    Model,
    VideoRequest,
    check_prompt,
    check_seconds,
    check_seed,
)
from filmgate.core.errors import InvalidRequest
from filmgate.core.spec import ObjectKey, Size, Source, SourceUse, VideoSpec

SHAPE_TOLERANCE = 0.02
"""By so much of its shape a film may differ from what is made of it: rounding, and no more."""

_ABILITIES = {SourceUse.EDIT: "edit", SourceUse.EXTENSION: "extend"}

LONGEST_SECONDS = 120
"""Of a film that has been extended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A finished film that another is to be made from. `spec` and `video_id` are None for an upload.

    `duration` is in seconds, measured from the file.
    """

    size: Size
    duration: float
    spec: VideoSpec | None = None
    video_id: str | None = None


def check_wish(catalogue: Catalogue, request: VideoRequest) -> str:
    """What can be refused before anyone looks at the film; returns the prompt. Raises InvalidRequest."""
    prompt = check_prompt(request.prompt)
    check_seed(request.seed)
    if request.model is not None:
        catalogue.model(request.model)
    return prompt


def remix(catalogue: Catalogue, spec: VideoSpec, *, prompt: str | None) -> VideoSpec:
    """The same once more, seed and inputs included, but for the prompt. Raises InvalidRequest."""
    model = catalogue.model(spec.model)
    _check_fits(model, spec)
    return replace(spec, engine=model.engine, prompt=check_prompt(prompt), seed=spec.chosen_seed)


def edit(catalogue: Catalogue, request: VideoRequest, film: Film, *, key: ObjectKey) -> VideoSpec:
    """A film as long as the one given, which begins with its first frame. Raises InvalidRequest.

    `key` is where the given one will be kept.
    """
    model = _model(catalogue, request, film)
    _check_ability(SourceUse.EDIT, model)
    seconds = round(film.duration)
    if seconds not in model.seconds:
        allowed = ", ".join(map(str, model.seconds))
        raise InvalidRequest(
            "video",
            f"The video lasts {film.duration:.1f} seconds, and an edit is as long as what it edits;"
            f" {model.name} makes {allowed}.",
        )
    return _spec(model, request, film, seconds=seconds, use=SourceUse.EDIT, key=key)


def extension(
    catalogue: Catalogue, request: VideoRequest, film: Film, *, key: ObjectKey
) -> VideoSpec:
    """The given film and, from its last frame on, so many seconds more. Raises InvalidRequest."""
    model = _model(catalogue, request, film)
    _check_ability(SourceUse.EXTENSION, model)
    seconds = round(film.duration) + check_seconds(request, model)
    if seconds > LONGEST_SECONDS:
        raise InvalidRequest(
            "seconds",
            f"The video would last {seconds} seconds in all; at most {LONGEST_SECONDS} are allowed.",
        )
    spec = _spec(model, request, film, seconds=seconds, use=SourceUse.EXTENSION, key=key)
    characters = film.spec.characters if film.spec else ()
    return replace(spec, characters=characters[: model.characters])


def new_part(spec: VideoSpec) -> VideoSpec:
    """What an engine is to make of it: of an extension only what the source does not hold already."""
    return replace(spec, seconds=spec.new_seconds)


def _model(catalogue: Catalogue, request: VideoRequest, film: Film) -> Model:
    own = film.spec.model if film.spec else None
    return catalogue.model(request.model or own or catalogue.DEFAULT_MODEL)


def _check_fits(model: Model, spec: VideoSpec) -> None:
    """A model's limits may have become narrower since the video was made. Raises InvalidRequest."""
    fits = (
        spec.size in model.sizes
        and spec.new_seconds in model.seconds
        and len(spec.references) <= model.images
        and len(spec.characters) <= model.characters
        and (spec.source is None or _ABILITIES[spec.source.use] in model.abilities)
    )
    if not fits:
        raise InvalidRequest(
            None,
            f"{model.name} does not make videos like this one any more, so it cannot be remixed.",
        )


def _check_ability(use: SourceUse, model: Model) -> None:
    ability = _ABILITIES[use]
    if ability not in model.abilities:
        able = " and ".join(model.abilities)
        raise InvalidRequest(
            "model", f"{model.name} cannot {ability} a video; of what there is it can {able}."
        )


def _spec(
    model: Model,
    request: VideoRequest,
    film: Film,
    *,
    seconds: int,
    use: SourceUse,
    key: ObjectKey,
) -> VideoSpec:
    own_seed = film.spec.chosen_seed if film.spec else None
    asked_seed = check_seed(request.seed)
    return VideoSpec(
        model=model.name,
        engine=model.engine,
        prompt=check_prompt(request.prompt),
        size=_size(model, film),
        seconds=seconds,
        seed=own_seed if asked_seed is None else asked_seed,
        source=Source(use=use, key=key, duration=film.duration, video_id=film.video_id),
    )


def _size(model: Model, film: Film) -> Size:
    """The film's own size or, of those of its shape, the one that is closest to it."""
    alike = [size for size in model.sizes if _has_shape_of(size, film.size)]
    if not alike:
        allowed = ", ".join(map(str, model.sizes))
        raise InvalidRequest(
            "video",
            f"The video is {film.size}; {model.name} makes {allowed}, and videos of those shapes alone.",
        )
    return min(alike, key=lambda size: abs(size.width - film.size.width))


def _has_shape_of(size: Size, other: Size) -> bool:
    shape, wanted = size.width / size.height, other.width / other.height
    return abs(shape / wanted - 1) <= SHAPE_TOLERANCE
