"""The catalogue: which public model names exist, what each can do, and the check of a request against it.

The names and limits are those of the documents that clients were written against (contracts §2 and §3).
`filmgate.toml` overrides any of them: see `settings.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from filmgate.core.errors import InvalidRequest, ModelNotFound
from filmgate.core.spec import Size, VideoSpec

PROMPT_LIMIT = 32_000
"""Characters."""

SEED_LIMIT = 2**63
"""Seeds are non-negative and fit a bigint."""

PORTRAIT, LANDSCAPE = Size(720, 1280), Size(1280, 720)
ASPECT_RATIOS = {"16:9": LANDSCAPE, "9:16": PORTRAIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A public name and what may be asked of it. The first size and the first length are the defaults."""

    name: str
    engine: str = "scenes"
    sizes: tuple[Size, ...] = (PORTRAIT, LANDSCAPE)
    seconds: tuple[int, ...] = (4, 8, 12)
    images: int = 1
    characters: int = 2
    edits: bool = True
    extensions: bool = True
    price_per_second: int | None = None
    """In millionths of the operator's currency; None where nothing is charged."""

    @property
    def abilities(self) -> tuple[str, ...]:
        """What it can do with a film that there is, in words for the person who asked too much."""
        edits = ("edit",) if self.edits and self.images else ()
        extensions = ("extend",) if self.extensions and self.images else ()
        return ("remix", *edits, *extensions)

    @property
    def default_size(self) -> Size:
        return self.sizes[0]

    @property
    def default_seconds(self) -> int:
        return self.seconds[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """What a client asked for, in the field names that all dialects share, and not yet believed.

    Of each pair (`size` and `aspect_ratio`, `seconds` and `duration`, `input_reference` and `image_urls`) a
    client may send one. The last three are counts: what they count is looked at once the rest is valid.
    """

    prompt: str | None
    model: str | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    seconds: int | str | None = None
    duration: int | str | None = None
    seed: int | str | None = None
    input_reference: int | None = None
    image_urls: int | None = None
    characters: int | None = None


class Catalogue:
    """Models by name, in the order in which they were declared."""

    DEFAULT_MODEL = "sora-2"

    def __init__(self, models: Iterable[Model]) -> None:
        self._models: Mapping[str, Model] = {model.name: model for model in models}

    @classmethod
    def default(cls) -> Self:
        return cls(DEFAULT_MODELS)

    @property
    def models(self) -> tuple[Model, ...]:
        return tuple(self._models.values())

    def model(self, name: str) -> Model:
        """Raise ModelNotFound, listing what there is."""
        try:
            return self._models[name]
        except KeyError:
            names = ", ".join(self._models)
            raise ModelNotFound(
                "model", f"There is no model {name!r}. The models are: {names}."
            ) from None

    def price_of(self, spec: VideoSpec) -> int | None:
        """Of a second, in micro-units; None where nothing is charged. Raises ModelNotFound."""
        return self.model(spec.model).price_per_second

    def validate(self, request: VideoRequest) -> VideoSpec:
        """Return the spec that the request stands for, its references still empty.

        Raises ModelNotFound or InvalidRequest with the name of the field, its value and what would be right.
        """
        model = self.model(request.model if request.model is not None else self.DEFAULT_MODEL)
        _check_image_count(request, model)
        _check_character_count(request, model)
        return VideoSpec(
            model=model.name,
            engine=model.engine,
            prompt=check_prompt(request.prompt),
            size=_size(request, model),
            seconds=check_seconds(request, model),
            seed=check_seed(request.seed),
        )


def check_prompt(prompt: str | None) -> str:
    """Raises InvalidRequest."""
    if prompt is None:
        raise InvalidRequest("prompt", "prompt is required: say what the video should show.")
    if not prompt.strip():
        raise InvalidRequest("prompt", "prompt is empty: say what the video should show.")
    if len(prompt) > PROMPT_LIMIT:
        raise InvalidRequest(
            "prompt",
            f"prompt has {len(prompt)} characters; at most {PROMPT_LIMIT} are allowed.",
        )
    if "\0" in prompt:
        raise InvalidRequest("prompt", "prompt contains a NUL character; send text only.")
    return prompt


def _size(request: VideoRequest, model: Model) -> Size:
    _not_both("size", request.size, "aspect_ratio", request.aspect_ratio)
    if request.aspect_ratio is not None:
        return _size_of_ratio(request.aspect_ratio, model)
    if request.size is None:
        return model.default_size
    for size in model.sizes:
        if str(size) == request.size:
            return size
    allowed = ", ".join(map(str, model.sizes))
    raise InvalidRequest(
        "size",
        f"size {request.size!r} is not one that {model.name} makes; it makes {allowed}.",
    )


def _size_of_ratio(ratio: str, model: Model) -> Size:
    size = ASPECT_RATIOS.get(ratio)
    if size is None or size not in model.sizes:
        allowed = ", ".join(r for r, s in ASPECT_RATIOS.items() if s in model.sizes) or "none"
        raise InvalidRequest(
            "aspect_ratio",
            f"aspect_ratio {ratio!r} is not one that {model.name} makes; it makes {allowed}.",
        )
    return size


def check_seconds(request: VideoRequest, model: Model) -> int:
    """The length asked for, if the model makes it; its default where none is. Raises InvalidRequest."""
    _not_both("seconds", request.seconds, "duration", request.duration)
    param = "duration" if request.seconds is None else "seconds"
    value = request.duration if request.seconds is None else request.seconds
    if value is None:
        return model.default_seconds
    for seconds in model.seconds:
        if str(value) == str(seconds):
            return seconds
    allowed = ", ".join(map(str, model.seconds))
    raise InvalidRequest(
        param,
        f"{param} {value!r} is not a length that {model.name} makes; it makes {allowed}.",
    )


def check_seed(seed: int | str | None) -> int | None:
    """Raises InvalidRequest."""
    if seed is None:
        return None
    try:
        number = int(seed)
    except ValueError:
        number = -1
    if not 0 <= number < SEED_LIMIT:
        raise InvalidRequest("seed", f"seed {seed!r} is not a whole number from 0 to 2^63 - 1.")
    return number


def _check_image_count(request: VideoRequest, model: Model) -> None:
    _not_both("input_reference", request.input_reference, "image_urls", request.image_urls)
    param = "image_urls" if request.input_reference is None else "input_reference"
    count = request.image_urls if request.input_reference is None else request.input_reference
    if count is not None and count > model.images:
        raise InvalidRequest(
            param,
            f"{param} holds {count} images; {model.name} takes at most {model.images}.",
        )


def _check_character_count(request: VideoRequest, model: Model) -> None:
    count = request.characters or 0
    if count > model.characters:
        raise InvalidRequest(
            "characters",
            f"characters holds {count}; {model.name} takes at most {model.characters}.",
        )


def _not_both(first: str, one: object, second: str, other: object) -> None:
    if one is not None and other is not None:
        raise InvalidRequest(
            first,
            f"Send either {first} or {second}, not both: they say the same thing twice.",
        )


_SHORT = (4, 8, 12)
_LONG = (4, 8, 10, 12, 15, 16, 20)
_LONGEST = (*_LONG, 25)
_ALL_SIZES = (
    PORTRAIT,
    LANDSCAPE,
    Size(1024, 1792),
    Size(1792, 1024),
    Size(1080, 1920),
    Size(1920, 1080),
)

DEFAULT_MODELS = (
    Model(name="sora-2", seconds=_LONG, images=3),
    Model(name="sora-2-pro", seconds=_LONGEST, images=3, sizes=_ALL_SIZES),
    Model(name="sora-2-2025-10-06", seconds=_LONG),
    Model(name="sora-2-2025-12-08", seconds=_LONG),
    Model(name="sora-2-pro-2025-10-06", seconds=_LONGEST, sizes=_ALL_SIZES),
    Model(name="sora-2-stable", seconds=_LONG, images=3),
    Model(name="sora2", seconds=_LONG, images=3),
    Model(name="sora2Stable", seconds=_LONG, images=3),
    Model(name="sora2Pro", seconds=_LONGEST, images=3, sizes=_ALL_SIZES),
    Model(name="openAiSora2", seconds=_SHORT, images=3),
    Model(name="openAiSora2Stable", seconds=_SHORT, images=3),
    Model(name="openAiSora2Plus", seconds=_SHORT),
    Model(name="openAiSora2Pro", seconds=_SHORT),
)
