"""Fields that name other things: films, characters, decimals; understood in every spelling or refused by name."""

from pathlib import Path

import pytest

from filmgate.core.errors import InvalidRequest
from filmgate.http.bodies.fields import Fields, FilmId
from filmgate.http.bodies.uploads import Upload
from filmgate.usecases.references import ImageUpload

UPLOAD = Upload(Path("some/where"), 7)


@pytest.mark.parametrize(
    ("value", "film"),
    [
        (None, None),
        ({"id": "video_1"}, FilmId("video_1")),
        ([{"id": "video_1"}], FilmId("video_1")),
        ({"id": "video_1", "object": "video"}, FilmId("video_1")),
        (UPLOAD, UPLOAD),
        ([UPLOAD], UPLOAD),
    ],
)
def test_a_film_is_named_or_uploaded(value: object, film: object) -> None:
    assert Fields({"video": value}).film("video") == film


@pytest.mark.parametrize(
    "value",
    [
        "",
        "video_1",
        "https://films.example/cat.mp4",
        7,
        True,
        [],
        {},
        {"id": None},
        {"id": 7},
        {"id": UPLOAD},
        {"id": "\ud83d"},
        {"id": "v" * 201},
        {"url": "https://films.example/cat.mp4"},
        [UPLOAD, UPLOAD],
        [[UPLOAD]],
    ],
)
def test_anything_else_is_no_film(value: object) -> None:
    with pytest.raises(InvalidRequest, match="video") as refusal:
        Fields({"video": value}).film("video")
    assert refusal.value.param == "video"


def test_a_film_sent_as_text_is_refused_with_what_would_be_right() -> None:
    with pytest.raises(InvalidRequest, match=r'\{"id": "video_…"\}.*file.*this is text'):
        Fields({"video": "https://films.example/cat.mp4"}).film("video")


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, None),
        ("", None),
        ([], None),
        (["", None], None),
        ("char_1", ("char_1",)),
        ({"id": "char_1"}, ("char_1",)),
        (["char_1", {"id": "char_2"}], ("char_1", "char_2")),
    ],
)
def test_ids_come_alone_or_in_objects(value: object, ids: object) -> None:
    assert Fields({"characters": value}).ids("characters") == ids


@pytest.mark.parametrize(
    "value",
    [7, [True], [["char_1"]], [{}], [{"id": 7}], ["\udc00"], ["c" * 201], ["char_1"] * 17, UPLOAD],
)
def test_other_ids_are_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Fields({"characters": value}).ids("characters")
    assert refusal.value.param == "characters"


@pytest.mark.parametrize(
    ("value", "decimal"),
    [
        (None, None),
        (8, 8.0),
        (8.5, 8.5),
        ("8", 8.0),
        ("8.0", 8.0),
        (" -.5 ", -0.5),
        (2**64, 2.0**64),
    ],
)
def test_a_decimal_may_be_a_number_or_its_text(value: object, decimal: float | None) -> None:
    assert Fields({"duration": value}).decimal("duration") == decimal


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nan",
        "inf",
        "1e5",
        "1_0",
        "٨",
        "9" * 30,
        "9" * 201,
        True,
        [8],
        1e300,
        float("inf"),
        10**400,
    ],
)
def test_what_is_no_decimal_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        Fields({"duration": value}).decimal("duration")
    assert refusal.value.param == "duration"
    assert len(refusal.value.message) < 300


def test_an_upload_is_a_picture_but_no_text() -> None:
    fields = Fields({"picture": UPLOAD})
    assert fields.images("picture") == (ImageUpload(UPLOAD.path),)
    with pytest.raises(InvalidRequest, match="a file"):
        fields.text("picture")
