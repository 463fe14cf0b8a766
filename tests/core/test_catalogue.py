"""The catalogue against the documents that clients were written by (contracts §2 and §3)."""

from dataclasses import replace
from typing import Any

import pytest

from filmgate.core.catalogue import PROMPT_LIMIT, Catalogue, Model, VideoRequest
from filmgate.core.errors import InvalidRequest, ModelNotFound
from filmgate.core.spec import Size

CATALOGUE = Catalogue.default()
SHORT, LONG, LONGEST = (4, 8, 12), (4, 8, 10, 12, 15, 16, 20), (4, 8, 10, 12, 15, 16, 20, 25)
REQUEST = VideoRequest(prompt="A cat dancing in the rain", model="openAiSora2Plus")


@pytest.mark.parametrize(
    ("name", "seconds", "images"),
    [
        ("openAiSora2Plus", SHORT, 1),
        ("openAiSora2Pro", SHORT, 1),
        ("openAiSora2", SHORT, 3),
        ("openAiSora2Stable", SHORT, 3),
        ("sora-2", LONG, 3),
        ("sora-2-stable", LONG, 3),
        ("sora2", LONG, 3),
        ("sora2Stable", LONG, 3),
        ("sora-2-2025-10-06", LONG, 1),
        ("sora-2-2025-12-08", LONG, 1),
        ("sora-2-pro", LONGEST, 3),
        ("sora2Pro", LONGEST, 3),
        ("sora-2-pro-2025-10-06", LONGEST, 1),
    ],
)
def test_every_documented_name_is_there(name: str, seconds: tuple[int, ...], images: int) -> None:
    model = CATALOGUE.model(name)
    assert (model.seconds, model.images) == (seconds, images)
    assert {Size(720, 1280), Size(1280, 720)} <= set(model.sizes)
    assert model.price_per_second is None


def test_what_is_not_said_gets_the_documented_defaults() -> None:
    spec = CATALOGUE.validate(VideoRequest(prompt="A cat"))
    assert (spec.model, spec.size, spec.seconds, spec.seed) == ("sora-2", Size(720, 1280), 4, None)


@pytest.mark.parametrize("seconds", [8, "8"])
@pytest.mark.parametrize("field", ["seconds", "duration"])
def test_a_length_may_be_a_number_or_text_under_either_name(field: str, seconds: int | str) -> None:
    changes: dict[str, Any] = {field: seconds}
    assert CATALOGUE.validate(replace(REQUEST, **changes)).seconds == 8


@pytest.mark.parametrize(("ratio", "size"), [("16:9", Size(1280, 720)), ("9:16", Size(720, 1280))])
def test_a_ratio_stands_for_a_size(ratio: str, size: Size) -> None:
    assert CATALOGUE.validate(replace(REQUEST, aspect_ratio=ratio)).size == size


def test_only_pro_models_make_the_large_sizes() -> None:
    large = replace(REQUEST, size="1920x1080")
    assert CATALOGUE.validate(replace(large, model="sora-2-pro")).size == Size(1920, 1080)
    with pytest.raises(InvalidRequest, match="'1920x1080' is not one that sora-2 makes"):
        CATALOGUE.validate(replace(large, model="sora-2"))


@pytest.mark.parametrize(
    ("changes", "param", "words"),
    [
        ({"prompt": None}, "prompt", "prompt is required"),
        ({"prompt": " \n"}, "prompt", "prompt is empty"),
        ({"prompt": "x" * (PROMPT_LIMIT + 1)}, "prompt", "32001 characters; at most 32000"),
        ({"prompt": "a\0b"}, "prompt", "NUL"),
        ({"size": "640x480"}, "size", "it makes 720x1280, 1280x720"),
        ({"aspect_ratio": "1:1"}, "aspect_ratio", "it makes 16:9, 9:16"),
        ({"seconds": 5}, "seconds", "seconds 5 is not a length that .* makes; it makes 4, 8, 12"),
        ({"duration": "10"}, "duration", "duration '10' is not"),
        ({"seconds": "eight"}, "seconds", "'eight'"),
        ({"seconds": True}, "seconds", "True"),
        ({"input_reference": 2}, "input_reference", "holds 2 images; .* takes at most 1"),
        ({"image_urls": 2}, "image_urls", "holds 2 images"),
        ({"seed": -1}, "seed", "seed -1 is not a whole number"),
        ({"seed": "x"}, "seed", "seed 'x'"),
        ({"seed": 2**63}, "seed", "seed"),
        ({"size": "1280x720", "aspect_ratio": "16:9"}, "size", "either size or aspect_ratio"),
        ({"seconds": 8, "duration": 8}, "seconds", "either seconds or duration, not both"),
        (
            {"input_reference": 1, "image_urls": 1},
            "input_reference",
            "either input_reference or image_urls",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_by_name_with_what_would_be_right(
    changes: dict[str, Any], param: str, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        CATALOGUE.validate(replace(REQUEST, **changes))
    assert caught.value.param == param


def test_an_unknown_model_is_answered_with_the_list() -> None:
    with pytest.raises(ModelNotFound, match=r"no model 'sora-9'.*openAiSora2Plus") as caught:
        CATALOGUE.validate(replace(REQUEST, model="sora-9"))
    assert caught.value.param == "model"


def test_a_model_without_a_ratio_says_so() -> None:
    square = Catalogue([Model(name="square", sizes=(Size(512, 512),))])
    with pytest.raises(InvalidRequest, match="it makes none"):
        square.validate(VideoRequest(prompt="x", model="square", aspect_ratio="16:9"))


@pytest.mark.parametrize("text", ["1280", "1280X720", "0x720", "-1x2", "1280x720x3", "", "१x२"])
def test_only_two_numbers_and_an_x_are_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        Size.parse(text)
