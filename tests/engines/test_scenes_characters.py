"""Characters: uploaded portraits float before the film as round medallions."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from filmgate.core.spec import CharacterId, Size, VideoSpec
from filmgate.engines.scenes.engine import order_of
from filmgate.engines.scenes.films import film_of
from filmgate.engines.scenes.order import FilmSoFar, SceneOrder
from filmgate.media.encode import Planes
from tests.noted_attempt import NotedAttempt, Row

SIZE = Size(320, 180)
RED = (30, 20, 230)


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    return picture_at(tmp_path / "red.webp", RED, height=90, width=240)


def picture_at(path: Path, colour: tuple[int, int, int], *, height: int, width: int) -> Path:
    picture = np.full((height, width, 3), colour, np.uint8)
    path.write_bytes(cv2.imencode(".webp", picture)[1].tobytes())
    return path


def order(
    *portraits: Path, references: tuple[Path, ...] = (), tiny: bool = False, size: Size = SIZE
) -> SceneOrder:
    return SceneOrder(
        prompt="a lake at night", width=size.width, height=size.height, seconds=4, seed=3,
        references=references, output=Path("unused.mp4"), tiny=tiny, portraits=portraits,
    )  # fmt: skip


def reddish(planes: Planes) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    return np.asarray(planes.v > 190)


@pytest.mark.parametrize("tiny", [False, True])
@pytest.mark.parametrize("size", [SIZE, Size(180, 320)], ids=str)
def test_a_portrait_is_a_disc_in_the_lower_left_third(
    portrait: Path, size: Size, *, tiny: bool
) -> None:
    seen = reddish(film_of(order(portrait, tiny=tiny, size=size)).frame(30))

    rows, columns = np.nonzero(seen)
    height, width = seen.shape
    assert rows.min() > height / 2
    assert columns.max() < width / 3
    disc = np.pi / 4 * (0.18 * min(height, width)) ** 2
    assert 0.6 * disc < len(rows) < 1.1 * disc


def test_two_portraits_stand_left_and_right(portrait: Path) -> None:
    seen = reddish(film_of(order(portrait, portrait)).frame(30))
    third = seen.shape[1] // 3

    assert seen[:, :third].sum() == pytest.approx(seen[:, -third:].sum(), rel=0.1)
    assert not seen[:, third:-third].any()


def test_a_portrait_floats_a_little(portrait: Path) -> None:
    film = film_of(order(portrait, size=Size(1280, 720)))
    middles = [np.argwhere(reddish(film.frame(n))).mean(axis=0) for n in (0, 1, 48)]

    assert np.abs(middles[0] - middles[1]).max() < 0.5
    assert 0.5 < np.abs(middles[0] - middles[2]).max() < 12


@pytest.mark.parametrize("tiny", [False, True])
def test_portraits_leave_the_rest_of_the_film_as_it_is(portrait: Path, *, tiny: bool) -> None:
    with_portrait = film_of(order(portrait, tiny=tiny)).frame(30)
    without = film_of(order(tiny=tiny)).frame(30)

    half = without.y.shape[0] // 2
    assert np.array_equal(with_portrait.y[:half], without.y[:half])
    assert not np.array_equal(with_portrait.y, without.y)


@pytest.mark.parametrize("tiny", [False, True])
def test_portraits_appear_before_a_reference_within_a_second(
    tmp_path: Path, portrait: Path, *, tiny: bool
) -> None:
    blue = picture_at(tmp_path / "blue.webp", (200, 90, 40), height=180, width=320)
    film = film_of(order(portrait, references=(blue,), tiny=tiny))

    assert not reddish(film.frame(0)).any()
    assert reddish(film.frame(30)).any()


def test_the_characters_of_a_continued_film_are_not_shown_twice(
    tmp_path: Path, portrait: Path
) -> None:
    blue = picture_at(tmp_path / "last.webp", (200, 90, 40), height=180, width=320)
    longer = replace(order(portrait, references=(blue,)), since=4)
    before = FilmSoFar(prompt="a lake at night", seed=3, has_portraits=True)
    known = replace(longer, continues=before)

    assert reddish(film_of(longer).frame(30)).any()
    assert not reddish(film_of(known).frame(30)).any()


CAST = VideoSpec(
    model="m", engine="scenes", prompt="a", size=SIZE, seconds=4,
    characters=(CharacterId("one"),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "has_portraits"), [(("one",), True), ((), False), (("two",), None)]
)
def test_a_film_is_drawn_on_only_with_characters_that_are_at_hand(
    tmp_path: Path, before: tuple[CharacterId, ...], *, has_portraits: bool | None
) -> None:
    spec = VideoSpec(
        model="m", engine="scenes", prompt="a", size=SIZE, seconds=4, characters=before
    )
    attempt = NotedAttempt(Row(), tmp_path, portraits=(tmp_path / "one.webp",), continues=spec)

    so_far = order_of(CAST, attempt, output=tmp_path / "out.mp4", tiny=True).continues

    assert (so_far.has_portraits if so_far else None) is has_portraits
