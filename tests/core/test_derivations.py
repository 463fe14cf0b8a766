"""Films made from films: what their specs say, and what is refused."""

from dataclasses import replace

import pytest

from filmgate.core.catalogue import LANDSCAPE, Catalogue, Model, VideoRequest
from filmgate.core.derivations import Film, edit, extension, new_part, remix
from filmgate.core.errors import InvalidRequest
from filmgate.core.spec import CharacterId, ObjectKey, Size, Source, SourceUse, VideoSpec

KEY = ObjectKey("videos/0abc/source.mp4")
CATALOGUE = Catalogue(
    [
        Model(name="sora-2", seconds=(4, 8, 12, 20)),
        Model(name="still", images=0),
        Model(name="no-edits", edits=False),
        Model(name="elsewhere", engine="upstream"),
    ]
)
SPEC = VideoSpec(
    model="sora-2",
    engine="scenes",
    prompt="a cat",
    size=LANDSCAPE,
    seconds=8,
    references=(ObjectKey("videos/0abc/references/0.webp"),),
    characters=(CharacterId("0" * 26),),
)
OWN = Film(size=LANDSCAPE, duration=8.0, spec=SPEC, video_id="0abc")
UPLOAD = Film(size=LANDSCAPE, duration=8.1)


def wish(**fields: object) -> VideoRequest:
    return VideoRequest(**({"prompt": "a dog"} | fields))  # type: ignore[arg-type]


def test_a_remix_is_the_same_but_for_its_prompt_and_keeps_the_seed_that_chance_took() -> None:
    made = remix(CATALOGUE, SPEC, prompt="a dog")
    assert made == replace(SPEC, prompt="a dog", seed=SPEC.chosen_seed)


def test_a_remix_of_a_remix_still_has_the_first_ones_seed() -> None:
    twice = remix(CATALOGUE, remix(CATALOGUE, SPEC, prompt="a dog"), prompt="a bird")
    assert twice.chosen_seed == SPEC.chosen_seed


def test_a_seed_that_was_asked_for_is_the_chosen_one() -> None:
    assert replace(SPEC, seed=7).chosen_seed == 7


def test_a_chosen_seed_is_one_that_everybody_can_hold() -> None:
    assert 0 <= SPEC.chosen_seed < 2**31


@pytest.mark.parametrize("derive", [edit, extension])
def test_a_film_of_ours_lends_model_size_and_seed(derive: object) -> None:
    made = derive(CATALOGUE, wish(), OWN, key=KEY)  # type: ignore[operator]
    assert (made.model, made.size, made.seed) == ("sora-2", LANDSCAPE, SPEC.chosen_seed)
    assert made.prompt == "a dog"
    assert made.source.video_id == "0abc"


def test_a_model_and_a_seed_of_the_requests_own_come_first() -> None:
    made = edit(CATALOGUE, wish(model="elsewhere", seed="5"), OWN, key=KEY)
    assert (made.model, made.engine, made.seed) == ("elsewhere", "upstream", 5)


def test_an_upload_gets_the_default_model_and_no_seed() -> None:
    made = edit(CATALOGUE, wish(), UPLOAD, key=KEY)
    assert (made.model, made.seed, made.seconds) == ("sora-2", None, 8)


def test_an_edit_is_as_long_as_what_it_edits() -> None:
    made = edit(CATALOGUE, wish(seconds="4"), OWN, key=KEY)
    assert made.seconds == 8
    assert made.source == Source(use=SourceUse.EDIT, key=KEY, duration=8.0, video_id="0abc")
    assert new_part(made) == made


def test_an_extension_counts_what_was_there() -> None:
    made = extension(CATALOGUE, wish(seconds="12"), OWN, key=KEY)
    assert made.seconds == 20
    assert new_part(made).seconds == 12


def test_whoever_was_in_a_film_is_in_its_extension() -> None:
    assert extension(CATALOGUE, wish(), OWN, key=KEY).characters == SPEC.characters
    assert extension(CATALOGUE, wish(), UPLOAD, key=KEY).characters == ()


def test_an_extension_shows_no_more_characters_than_its_model_takes() -> None:
    catalogue = Catalogue([Model(name="sora-2", characters=0)])
    assert extension(catalogue, wish(), OWN, key=KEY).characters == ()


@pytest.mark.parametrize(
    "limited",
    [
        Model(name="sora-2", sizes=(Size(720, 1280),)),
        Model(name="sora-2", seconds=(4,)),
        Model(name="sora-2", images=0),
        Model(name="sora-2", characters=0),
    ],
)
def test_what_its_model_no_longer_makes_is_not_remixed(limited: Model) -> None:
    with pytest.raises(InvalidRequest, match="any more"):
        remix(Catalogue([limited]), SPEC, prompt="a dog")


def test_an_edit_is_not_remixed_where_its_model_no_longer_edits() -> None:
    made = edit(CATALOGUE, wish(), OWN, key=KEY)
    assert remix(CATALOGUE, made, prompt="a bird").source == made.source
    with pytest.raises(InvalidRequest, match="any more"):
        remix(Catalogue([Model(name="sora-2", edits=False)]), made, prompt="a bird")


def test_an_extension_adds_the_models_default_where_nothing_is_said() -> None:
    assert extension(CATALOGUE, wish(), OWN, key=KEY).seconds == 12


def test_an_ordinary_spec_is_all_new() -> None:
    assert new_part(SPEC) == SPEC


@pytest.mark.parametrize(
    ("derive", "fields", "film", "param", "words"),
    [
        (edit, {"model": "still"}, OWN, "model", "still cannot edit a video; .* it can remix."),
        (extension, {"model": "still"}, OWN, "model", "still cannot extend a video"),
        (edit, {"model": "no-edits"}, OWN, "model", "it can remix and extend"),
        (edit, {"model": "nobody"}, OWN, "model", "no model 'nobody'"),
        (edit, {}, replace(UPLOAD, duration=6.2), "video", "lasts 6.2 seconds"),
        (edit, {}, replace(UPLOAD, size=Size(640, 480)), "video", "640x480"),
        (extension, {}, replace(UPLOAD, size=Size(640, 480)), "video", "720x1280, 1280x720"),
        (extension, {"seconds": 5}, OWN, "seconds", "4, 8, 12, 20"),
        (extension, {"seconds": 4}, replace(UPLOAD, duration=117), "seconds", "121 seconds"),
        (edit, {"prompt": None}, OWN, "prompt", "required"),
        (extension, {"prompt": " "}, OWN, "prompt", "empty"),
        (extension, {"seed": -1}, OWN, "seed", "whole number"),
    ],
)
def test_what_cannot_be_made_is_refused_naming_the_field(
    derive: object, fields: dict[str, object], film: Film, param: str, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words) as refusal:
        derive(CATALOGUE, wish(**fields), film, key=KEY)  # type: ignore[operator]
    assert refusal.value.param == param


@pytest.mark.parametrize(
    ("found", "made"),
    [
        (Size(1920, 1080), Size(1280, 720)),
        (Size(114, 64), Size(1280, 720)),
        (Size(64, 114), Size(720, 1280)),
        (Size(1278, 720), Size(1280, 720)),
    ],
)
def test_a_film_of_the_same_shape_is_scaled(found: Size, made: Size) -> None:
    assert edit(CATALOGUE, wish(), replace(UPLOAD, size=found), key=KEY).size == made


def test_of_several_sizes_of_its_shape_a_film_gets_the_closest() -> None:
    sizes = (Size(1920, 1080), Size(1280, 720), Size(640, 360))
    catalogue = Catalogue([Model(name="sora-2", sizes=sizes)])
    for size in sizes:
        film = replace(UPLOAD, size=size)
        assert edit(catalogue, wish(), film, key=KEY).size == size


def test_an_extension_need_not_begin_with_a_length_that_the_model_makes() -> None:
    assert extension(CATALOGUE, wish(), replace(UPLOAD, duration=6.2), key=KEY).seconds == 10
