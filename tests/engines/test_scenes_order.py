"""A scene order survives the way to the child process."""

import json
from pathlib import Path

from filmgate.core.ports import Pictures
from filmgate.engines.scenes.order import FilmSoFar, SceneOrder


def test_an_order_comes_back_from_json_as_it_was() -> None:
    order = SceneOrder(
        prompt="一只猫在雨中跳舞",
        width=1280,
        height=720,
        seconds=8,
        seed=7,
        references=(Path("first.png"), Path("second.png")),
        output=Path("out.mp4"),
        tiny=True,
        pictures=Pictures(Path("thumbnail.webp"), Path("spritesheet.jpg")),
        portraits=(Path("one.webp"),),
        since=12,
        continues=FilmSoFar(prompt="雨", seed=2**63 - 1, has_portraits=True),
    )

    assert SceneOrder.from_json(json.loads(json.dumps(order.to_json()))) == order


def test_an_order_of_a_new_film_continues_none_and_may_do_without_pictures() -> None:
    order = SceneOrder(
        prompt="x", width=64, height=64, seconds=1, seed=1,
        references=(), output=Path("out.mp4"), tiny=False,
    )  # fmt: skip

    assert SceneOrder.from_json(order.to_json()) == order
    assert (order.continues, order.pictures) == (None, None)
