"""The synthesised sound tracks of scenes."""

import numpy as np
import pytest

from filmgate.engines.scenes.prompt import read_prompt
from filmgate.engines.scenes.sound import Sound, soundtrack
from filmgate.media.encode import SAMPLE_RATE

PROMPTS = ["rain on a neon street", "a stormy sea", "campfire in the hills at night", "a sunny day"]


@pytest.fixture(scope="module", params=PROMPTS)
def sound(request: pytest.FixtureRequest) -> Sound:
    return soundtrack(read_prompt(request.param, 3), seconds=5)


def test_a_track_is_stereo_and_as_long_as_asked(sound: Sound) -> None:
    assert sound.shape == (2, 5 * SAMPLE_RATE)


def test_no_sample_clips_or_is_undefined(sound: Sound) -> None:
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1


def test_it_can_be_heard(sound: Sound) -> None:
    assert np.sqrt((sound**2).mean()) > 0.02


def test_the_ears_hear_different_things(sound: Sound) -> None:
    middle = sound[:, SAMPLE_RATE:-SAMPLE_RATE]

    assert np.min(np.corrcoef(middle)) < 0.97


def test_it_fades_in_and_out(sound: Sound) -> None:
    edge = SAMPLE_RATE // 100

    assert np.abs(sound[:, :edge]).max() < 0.02
    assert np.abs(sound[:, -edge:]).max() < 0.02


def test_the_same_brief_sounds_the_same() -> None:
    brief = read_prompt("a stormy sea", 3)

    assert np.array_equal(soundtrack(brief, seconds=1), soundtrack(brief, seconds=1))


def test_another_seed_sounds_different() -> None:
    first, second = (read_prompt("a stormy sea", seed) for seed in (1, 2))

    assert not np.array_equal(soundtrack(first, seconds=1), soundtrack(second, seconds=1))


@pytest.mark.parametrize("prompt", [*PROMPTS, "a storm with lightning"])
def test_a_later_stretch_sounds_as_it_does_in_the_whole(prompt: str) -> None:
    brief = read_prompt(prompt, 3)
    whole = soundtrack(brief, seconds=11)
    later = soundtrack(brief, seconds=4, since=6)

    end = SAMPLE_RATE // 5  # where the stretch fades, and the whole does not
    stretch = whole[:, 6 * SAMPLE_RATE : 10 * SAMPLE_RATE - end]
    assert np.abs(later[:, :-end] - stretch).max() < 1e-3


def test_a_later_stretch_begins_at_once_and_ends_in_silence() -> None:
    later = soundtrack(read_prompt("a stormy sea", 3), seconds=2, since=4)
    edge = SAMPLE_RATE // 50

    assert np.abs(later[:, :edge]).max() > 0.05
    assert np.abs(later[:, -edge // 2 :]).max() < 0.02
