"""Frames of scenes: the same order makes the same frames, and something moves in them."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from filmgate.engines.scenes.film import Film
from filmgate.engines.scenes.films import film_of
from filmgate.engines.scenes.order import SceneOrder
from filmgate.media.encode import Planes

PROMPTS = [
    "A cat dancing in the rain, cinematic style",
    "snow over a mountain lake at night, aurora, moon",
    "a city at dusk, a boat, birds and a lighthouse",
    "a dog and a man under a tree in autumn, black and white",
    "a stormy sea with lightning and rain",
    "desert dunes with a hot air balloon, fireflies",
]


def order(prompt: str, *, seed: int = 3, tiny: bool = False) -> SceneOrder:
    return SceneOrder(
        prompt=prompt, width=320, height=180, seconds=4, seed=seed,
        references=(), output=Path("unused.mp4"), tiny=tiny,
    )  # fmt: skip


def digest(planes: Planes) -> str:
    return hashlib.sha256(b"".join(plane.tobytes() for plane in planes)).hexdigest()


def digests(film: Film, numbers: list[int]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda number: digest(film.frame(number)), numbers))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_same_order_makes_the_same_frames_whatever_their_order(prompt: str) -> None:
    forwards = digests(film_of(order(prompt)), [0, 17, 40, 95])
    backwards = digests(film_of(order(prompt)), [95, 40, 17, 0])

    assert forwards == backwards[::-1]


@pytest.mark.parametrize("tiny", [False, True])
def test_another_seed_makes_another_picture(*, tiny: bool) -> None:
    frames = {
        digest(film_of(order("a lake", seed=seed, tiny=tiny)).frame(30)) for seed in (1, 2, 3)
    }

    assert len(frames) == 3


def test_tiny_films_repeat_for_the_same_order() -> None:
    first, second = (film_of(order("a lake at night", seed=5, tiny=True)) for _ in range(2))

    assert digest(first.frame(50)) == digest(second.frame(50))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_something_moves(prompt: str) -> None:
    film = film_of(order(prompt))
    early, late = (film.frame(number).y.astype(float) for number in (10, 80))

    assert np.abs(early - late).mean() > 1


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_frame_is_a_picture_in_limited_range(prompt: str) -> None:
    y, u, v = film_of(order(prompt)).frame(48)

    assert y.min() >= 16
    assert y.max() <= 235
    assert u.min() >= 16
    assert max(u.max(), v.max()) <= 240
    assert y.std() > 8


def test_black_and_white_has_no_colour() -> None:
    _, u, v = film_of(order("mountains, black and white")).frame(10)

    assert set(np.unique(u)) | set(np.unique(v)) == {128}


def test_rain_is_seen() -> None:
    wet, dry = (film_of(order(f"a neon street, {weather}", seed=1)) for weather in ("rain", "calm"))
    upper = slice(0, 60)

    assert (
        np.diff(wet.frame(20).y[upper].astype(float), axis=1).std()
        > 1.3 * np.diff(dry.frame(20).y[upper].astype(float), axis=1).std()
    )
