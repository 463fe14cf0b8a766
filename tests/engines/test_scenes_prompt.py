"""What a prompt's words decide, and what the seed decides for it."""

from dataclasses import replace

import pytest

from filmgate.core.spec import Size, VideoSpec
from filmgate.engines.scenes.brief import Action, Grade, Land, Light, Move, Subject, Weather
from filmgate.engines.scenes.prompt import read_prompt


@pytest.mark.parametrize(
    ("prompt", "light"),
    [
        ("mountains at sunrise", Light.DAWN),
        ("a sunny day on the hills", Light.DAY),
        ("the sea in the golden hour", Light.SUNSET),
        ("a lake at dusk", Light.DUSK),
        ("stars over the desert", Light.NIGHT),
        ("northern lights over a fjord", Light.NIGHT),
        ("a stormy sea", Light.OVERCAST),
        ("海上日落", Light.SUNSET),
        ("夜晚的城市", Light.NIGHT),
    ],
)
def test_light_is_read_from_the_prompt(prompt: str, light: Light) -> None:
    assert read_prompt(prompt, 0).light is light


@pytest.mark.parametrize(
    ("prompt", "land"),
    [
        ("snowy mountains", Land.MOUNTAINS),
        ("a green meadow", Land.HILLS),
        ("sand dunes", Land.DESERT),
        ("a pine forest", Land.FOREST),
        ("waves on the ocean", Land.SEA),
        ("Tokyo skyline", Land.CITY),
        ("a neon alley", Land.STREET),
        ("a man in the city", Land.STREET),
        ("a sailing boat", Land.SEA),
        ("a cat", Land.HILLS),
        ("高山上的雪", Land.MOUNTAINS),
        ("大海", Land.SEA),
    ],
)
def test_land_is_read_from_the_prompt(prompt: str, land: Land) -> None:
    assert read_prompt(prompt, 0).land is land


@pytest.mark.parametrize(
    ("prompt", "weather"),
    [
        ("rain over the hills", Weather.RAIN),
        ("it is raining", Weather.RAIN),
        ("snowflakes over a lake", Weather.SNOW),
        ("fireflies at dusk", Weather.FIREFLIES),
        ("sparks of a campfire", Weather.EMBERS),
        ("cherry blossoms", Weather.PETALS),
        ("autumn in the woods", Weather.LEAVES),
        ("a clear day by the sea", Weather.CLEAR),
        ("下雨的街", Weather.RAIN),
        ("雪山", Weather.SNOW),
    ],
)
def test_weather_is_read_from_the_prompt(prompt: str, weather: Weather) -> None:
    assert read_prompt(prompt, 0).weather is weather


@pytest.mark.parametrize(
    ("prompt", "move"),
    [
        ("a lake, pan left", Move.PAN_LEFT),
        ("a lake, slow panning shot", Move.PAN_RIGHT),
        ("zoom out from a lake", Move.PULL_OUT),
        ("the camera pushes in on a lake", Move.PUSH_IN),
        ("drone shot of a lake", Move.RISE),
        ("a lake, static shot", Move.STILL),
    ],
)
def test_camera_move_is_read_from_the_prompt(prompt: str, move: Move) -> None:
    assert read_prompt(prompt, 0).move is move


@pytest.mark.parametrize(
    ("prompt", "subjects"),
    [
        ("two cats", (Subject.CAT,)),
        ("a man with his dog under a tree", (Subject.DOG, Subject.PERSON, Subject.TREE)),
        ("a lighthouse and seagulls", (Subject.LIGHTHOUSE, Subject.BIRDS)),
        ("a hot air balloon", (Subject.BALLOON,)),
        ("帆船", (Subject.BOAT,)),
        ("an empty plain", ()),
        ("seasons of a catalogue", ()),
    ],
)
def test_subjects_are_read_from_the_prompt(prompt: str, subjects: tuple[Subject, ...]) -> None:
    assert read_prompt(prompt, 0).subjects == subjects


def test_what_a_prompt_says_no_to_is_left_out() -> None:
    brief = read_prompt("a street at night, no rain, without people", 0)

    assert (brief.weather, brief.subjects) == (Weather.CLEAR, ())


def test_a_cat_dancing_in_the_rain_gets_a_wet_street_at_night() -> None:
    brief = read_prompt("A cat dancing in the rain, cinematic style", 0)

    assert (brief.land, brief.light, brief.weather) == (Land.STREET, Light.NIGHT, Weather.RAIN)
    assert (brief.subjects, brief.action) == ((Subject.CAT,), Action.DANCE)
    assert brief.grade is Grade.CINEMATIC


def test_a_prompt_reads_the_same_every_time() -> None:
    assert read_prompt("something else entirely", 0) == read_prompt("something else entirely", 0)


def test_a_seed_changes_only_what_the_prompt_left_open() -> None:
    briefs = [read_prompt("a lake", seed) for seed in range(20)]

    assert {brief.has_water for brief in briefs} == {True}
    assert len({brief.light for brief in briefs}) > 1


def test_seeds_differ_in_all_that_a_prompt_left_open() -> None:
    briefs = [read_prompt("zxqv", seed) for seed in range(30)]

    assert len({brief.land for brief in briefs}) > 2
    assert len({brief.light for brief in briefs}) > 2
    assert len({brief.move for brief in briefs}) == 2
    assert len({brief.cloudiness for brief in briefs}) == 30


@pytest.mark.parametrize("seed", range(8))
def test_another_subject_with_the_same_seed_changes_nothing_else(seed: int) -> None:
    cat = read_prompt("a cat dancing in the rain", seed)
    dog = read_prompt("a dog dancing in the rain", seed)

    assert dog.subjects == (Subject.DOG,)
    assert replace(dog, subjects=cat.subjects) == cat


@pytest.mark.parametrize("seed", range(8))
def test_a_word_settles_its_question_and_leaves_the_seed_the_others(seed: int) -> None:
    plain, at_night = read_prompt("a lake", seed), read_prompt("a lake at night", seed)

    assert replace(at_night, light=plain.light) == plain


def test_without_a_seed_the_prompt_chooses_what_naming_the_chosen_one_gives() -> None:
    spec = VideoSpec(model="m", engine="scenes", prompt="zxqv", size=Size(64, 64), seconds=4)
    named = replace(spec, seed=spec.chosen_seed)
    other = replace(spec, prompt="zxqw")

    brief = read_prompt(spec.prompt, spec.chosen_seed)
    assert read_prompt(named.prompt, named.chosen_seed) == brief
    assert read_prompt(other.prompt, other.chosen_seed).chance != brief.chance
