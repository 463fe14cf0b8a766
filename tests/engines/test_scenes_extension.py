"""Extensions: a film goes on where it ended, without a seam to be seen."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.core.ports import Pictures
from filmgate.core.spec import ObjectKey, Size, Source, SourceUse, VideoSpec
from filmgate.engines.scenes.engine import order_of
from filmgate.engines.scenes.films import film_of, sound_of
from filmgate.engines.scenes.order import FilmSoFar, SceneOrder
from filmgate.engines.scenes.render import render
from filmgate.media.encode import SAMPLE_RATE, Planes
from tests.noted_attempt import NotedAttempt, Row

RAIN = "a cat dancing in the rain"
LAKE = "a mountain lake at sunset, pan right"
SEAM = 1.5
"""How much more than neighbours the frames at a seam may differ."""


def order(prompt: str, folder: Path, *, tiny: bool = False) -> SceneOrder:
    return SceneOrder(
        prompt=prompt, width=320, height=180, seconds=1, seed=7,
        references=(), output=folder / "film.mp4", tiny=tiny,
    )  # fmt: skip


def extension(film: SceneOrder, prompt: str, *, reference: Path) -> SceneOrder:
    return replace(
        film,
        prompt=prompt,
        references=(reference,),
        output=film.output.with_name(f"{film.since + film.seconds}.mp4"),
        since=film.since + film.seconds,
        continues=FilmSoFar(prompt=film.prompt, seed=film.seed, has_portraits=False),
    )


def rendered(film: SceneOrder) -> list[NDArray[np.uint8]]:
    """The film's frames, decoded."""
    render(film, progress=lambda _: None)
    with av.open(str(film.output)) as container:
        return [
            np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def saved(frame: NDArray[np.uint8], path: Path) -> Path:
    path.write_bytes(cv2.imencode(".webp", frame)[1].tobytes())
    return path


def apart(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    pair = (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(float) for frame in (first, second))
    return float(np.abs(np.subtract(*pair)).mean())


def usual_step(frames: list[NDArray[np.uint8]]) -> float:
    """How far neighbours are apart towards the film's end."""
    return float(np.median([apart(*pair) for pair in pairwise(frames[-8:])]))


def luma_apart(first: Planes, second: Planes) -> float:
    return float(np.abs(first.y.astype(float) - second.y.astype(float)).mean())


@pytest.mark.parametrize("prompt", [RAIN, LAKE, "snow in a forest at night"])
@pytest.mark.parametrize("after", [None, "a stormy sea"])
def test_no_seam_is_seen(tmp_path: Path, prompt: str, after: str | None) -> None:
    film = order(prompt, tmp_path)
    frames = rendered(film)
    longer = extension(film, after or prompt, reference=saved(frames[-1], tmp_path / "last.webp"))

    more = rendered(longer)

    assert apart(frames[-1], more[0]) <= SEAM * usual_step(frames)


def test_a_film_extended_twice_goes_on_each_time(tmp_path: Path) -> None:
    first = order(RAIN, tmp_path)
    second = extension(
        first,
        "a dog walking in the rain",
        reference=saved(rendered(first)[-1], tmp_path / "1.webp"),
    )
    frames = rendered(second)
    third = extension(
        second, "a dog walking in the snow", reference=saved(frames[-1], tmp_path / "2.webp")
    )

    assert apart(frames[-1], rendered(third)[0]) <= SEAM * usual_step(frames)


def test_the_same_brief_goes_on_as_the_longer_film_would(tmp_path: Path) -> None:
    film = order(LAKE, tmp_path)
    longer = film_of(film)
    reference = saved(rendered(film)[-1], tmp_path / "last.webp")

    more = film_of(extension(film, LAKE, reference=reference))

    assert all(np.array_equal(more.frame(n).y, longer.frame(24 + n).y) for n in (0, 13, 40))


def test_another_brief_takes_over_within_a_second(tmp_path: Path) -> None:
    film = order(LAKE, tmp_path)
    reference = saved(rendered(film)[-1], tmp_path / "last.webp")
    longer = extension(film, "a mountain lake at night, pan right", reference=reference)

    more = film_of(longer)

    alone = film_of(replace(longer, references=(), continues=None))
    assert np.array_equal(more.frame(24).y, alone.frame(48).y)
    assert luma_apart(more.frame(12), alone.frame(36)) > 3


def test_a_film_that_ended_otherwise_goes_on_from_its_last_frame(tmp_path: Path) -> None:
    film = order(LAKE, tmp_path)
    picture = np.full((180, 320, 3), (40, 120, 200), np.uint8)
    cv2.circle(picture, (100, 90), 40, (255, 255, 255), -1)
    reference = saved(picture, tmp_path / "last.webp")

    more = rendered(extension(film, LAKE, reference=reference))

    assert apart(more[0], picture) < 3
    assert apart(more[0], more[1]) < 1
    assert apart(more[0], more[-1]) > 2


@pytest.mark.parametrize("prompt", [RAIN, "snow at night"])
def test_a_tiny_film_goes_on_too(tmp_path: Path, prompt: str) -> None:
    film = order(RAIN, tmp_path, tiny=True)
    last = rendered(film)[-1]

    more = rendered(extension(film, prompt, reference=saved(last, tmp_path / "last.webp")))

    assert apart(last, more[0]) < 2


def test_a_tiny_film_begins_with_its_reference(tmp_path: Path) -> None:
    picture = np.full((180, 320, 3), (40, 120, 200), np.uint8)
    reference = saved(picture, tmp_path / "first.webp")

    frames = rendered(replace(order(RAIN, tmp_path, tiny=True), references=(reference,), seconds=2))

    assert apart(frames[0], np.full_like(frames[0], (40, 120, 200))) < 2
    assert apart(frames[0], frames[-1]) > 10


def test_the_sound_turns_into_the_next_without_a_gap(tmp_path: Path) -> None:
    film = replace(order(RAIN, tmp_path), seconds=2)
    longer = extension(film, "a stormy sea", reference=tmp_path / "unused.webp")
    gone_on = sound_of(replace(film, since=2))

    sound = sound_of(longer)

    edge = SAMPLE_RATE // 200
    assert np.abs(sound[:, :edge] - gone_on[:, :edge]).max() < 0.02
    loud = [np.abs(sound[:, at : at + 2400]).max() for at in range(0, SAMPLE_RATE, 2400)]
    assert min(loud) > 0.05


LONGER = VideoSpec(
    model="m", engine="scenes", prompt="b", size=Size(64, 64), seconds=4,
    source=Source(use=SourceUse.EXTENSION, key=ObjectKey("film.mp4"), duration=8.0),
)  # fmt: skip
BEFORE = VideoSpec(model="m", engine="scenes", prompt="a", size=Size(64, 64), seconds=8)


def ordered(spec: VideoSpec, tmp_path: Path, *, before: VideoSpec | None) -> SceneOrder:
    attempt = NotedAttempt(Row(), tmp_path, continues=before)
    return order_of(spec, attempt, output=tmp_path / "out.mp4", tiny=False)


def test_an_extension_knows_the_scene_and_the_length_before_it(tmp_path: Path) -> None:
    made = ordered(LONGER, tmp_path, before=BEFORE)

    assert made.since == 8
    assert made.continues == FilmSoFar(prompt="a", seed=BEFORE.chosen_seed, has_portraits=False)


def test_an_extension_of_an_upload_knows_only_the_length(tmp_path: Path) -> None:
    made = ordered(LONGER, tmp_path, before=None)

    assert (made.since, made.continues) == (8, None)


def test_a_film_of_another_engine_is_not_drawn_on(tmp_path: Path) -> None:
    assert ordered(LONGER, tmp_path, before=replace(BEFORE, engine="other")).continues is None


def test_an_edit_begins_at_the_beginning(tmp_path: Path) -> None:
    assert LONGER.source is not None
    edit = replace(LONGER, source=replace(LONGER.source, use=SourceUse.EDIT))

    assert ordered(edit, tmp_path, before=None).since == 0


def test_a_spec_without_a_seed_is_drawn_with_the_chosen_one(tmp_path: Path) -> None:
    assert ordered(BEFORE, tmp_path, before=None).seed == BEFORE.chosen_seed


def test_pictures_are_taken_of_a_new_film_but_not_of_a_part_of_one(tmp_path: Path) -> None:
    assert ordered(LONGER, tmp_path, before=BEFORE).pictures is None
    assert ordered(BEFORE, tmp_path, before=None).pictures == Pictures(
        tmp_path / "thumbnail.webp", tmp_path / "spritesheet.jpg"
    )
