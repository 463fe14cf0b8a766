"""Policies: which stage is asked first, what a stage without a verdict means, and what is logged."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from filmgate.core.spec import Size
from filmgate.media.bench import MediaBench
from filmgate.media.errors import UnusableFilm
from filmgate.moderation.endpoint import ModerationEndpoint
from filmgate.moderation.errors import ImageRejected, ModerationUnavailable, PromptBlocked
from filmgate.moderation.face_model import face_model
from filmgate.moderation.faces import FaceDetector
from filmgate.moderation.prompt_list import PromptList
from filmgate.usecases.policies import (
    NO_POLICIES,
    Policies,
    check_film,
    check_image,
    check_prompt,
)
from tests.media.films import write_film
from tests.moderation.photographs import photograph, pixels, png, portrait
from tests.scripted_server import Received, Reply, ScriptedServer, json_reply

PATH = "/v1/moderations"
SIZE = Size(640, 360)


def frame(*, with_face: bool) -> NDArray[np.uint8]:
    image = portrait(height=300, size=(SIZE.width, SIZE.height))
    return pixels(image if with_face else photograph("chelsea").resize(image.size))


def contents(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def judge(request: Received) -> Reply:
    is_flagged = "blood" in json.loads(request.body)["input"]
    categories = {"violence": is_flagged}
    return json_reply({"results": [{"flagged": is_flagged, "categories": categories}]})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
async def policies(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Policies]:
    """Every stage there is; the endpoint's answers are the test's."""
    path = tmp_path / "refused.txt"
    path.write_text("# none of these\n\\bguns?\\b\n")
    faces = FaceDetector(face_model(), scratch=tmp_path)
    endpoint = ModerationEndpoint(
        server.url + PATH, api_key=None, model=None, time_limit=timedelta(seconds=5)
    )
    yield Policies(prompts=PromptList.read(path), endpoint=endpoint, faces=faces)
    await endpoint.aclose()
    await faces.aclose()


async def test_without_policies_everything_passes(bench: MediaBench, tmp_path: Path) -> None:
    await check_prompt(NO_POLICIES, "A gun")
    await check_image(NO_POLICIES, png(portrait()), param="input_reference")
    await check_film(NO_POLICIES, tmp_path / "film.mp4", bench=bench, param="video")


async def test_what_no_stage_minds_passes(policies: Policies, server: ScriptedServer) -> None:
    server.on("POST", PATH, judge)
    await check_prompt(policies, "A cat")


async def test_the_list_is_named_and_the_endpoint_spared(
    policies: Policies, server: ScriptedServer
) -> None:
    with pytest.raises(PromptBlocked, match="refused by the prompt list of this server") as caught:
        await check_prompt(policies, "A cat with a gun")
    assert caught.value.param == "prompt"
    assert "gun" not in caught.value.message
    assert server.received == []


async def test_the_endpoint_is_named_with_what_it_minds(
    policies: Policies, server: ScriptedServer
) -> None:
    server.on("POST", PATH, judge)
    with pytest.raises(PromptBlocked, match=r"refused by the moderation endpoint \(violence\)"):
        await check_prompt(policies, "blood")


@pytest.mark.parametrize("reply", [Reply(500), Reply(200, b"<html>"), Reply(200, b"{}")])
async def test_without_a_verdict_a_prompt_is_refused_unless_told_otherwise(
    reply: Reply, policies: Policies, server: ScriptedServer
) -> None:
    server.on("POST", PATH, reply)
    with pytest.raises(ModerationUnavailable):
        await check_prompt(policies, "A cat")
    with capture_logs() as lines:
        await check_prompt(replace(policies, lets_unjudged_pass=True), "A cat")
    assert [line["log_level"] for line in lines] == ["warning"]


async def test_failing_open_concerns_failures_alone(
    policies: Policies, server: ScriptedServer
) -> None:
    server.on("POST", PATH, judge)
    lenient = replace(policies, lets_unjudged_pass=True)
    for prompt in ("blood", "A gun"):
        with pytest.raises(PromptBlocked):
            await check_prompt(lenient, prompt)


async def test_a_refusal_is_logged_without_the_prompt(
    policies: Policies, server: ScriptedServer
) -> None:
    server.on("POST", PATH, judge, Reply(500))
    with capture_logs() as lines:
        for prompt in ("A gun, unmistakably", "unmistakably blood", "unmistakably"):
            with pytest.raises((PromptBlocked, ModerationUnavailable)):
                await check_prompt(policies, prompt)
    assert [line.get("stage") for line in lines] == ["prompt list", "moderation endpoint", None]
    assert lines[0]["line"] == 2
    assert "unmistakably" not in str(lines)


async def test_a_picture_with_a_face_is_refused_and_nothing_of_it_stays(
    policies: Policies, tmp_path: Path
) -> None:
    before = contents(tmp_path)
    with pytest.raises(
        ImageRejected, match="cannot tell a photograph of one from a drawing"
    ) as caught:
        await check_image(policies, png(portrait()), param="image_urls")
    assert caught.value.param == "image_urls"
    await check_image(policies, png(photograph("chelsea")), param="image_urls")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("shown", [{0}, {23}, {14, 15}])
async def test_a_film_is_refused_wherever_it_shows_a_face(
    shown: set[int], policies: Policies, bench: MediaBench, tmp_path: Path
) -> None:
    frames = [frame(with_face=number in shown) for number in range(24)]
    film = write_film(
        tmp_path / "film.mp4", size=SIZE, rate=12, picture=lambda number: frames[number]
    )
    before = contents(tmp_path)
    with pytest.raises(ImageRejected, match=r"video: the film shows a face \d\.\d seconds in"):
        await check_film(policies, film, bench=bench, param="video")
    assert contents(tmp_path) == before


async def test_a_film_without_a_face_passes(
    policies: Policies, bench: MediaBench, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "film.mp4", size=SIZE, picture=lambda _: frame(with_face=False))
    await check_film(policies, film, bench=bench, param="video")


async def test_a_film_that_cannot_be_read_is_not_passed(
    policies: Policies, bench: MediaBench, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(UnusableFilm):
        await check_film(policies, path, bench=bench, param="video")


async def test_without_a_detector_no_picture_passes(policies: Policies, tmp_path: Path) -> None:
    """Not even where prompts without a verdict do."""
    model = tmp_path / "model.onnx"
    model.write_bytes(b"")
    away = FaceDetector(model, scratch=tmp_path)
    lenient = replace(policies, faces=away, lets_unjudged_pass=True)
    with pytest.raises(ModerationUnavailable):
        await check_image(lenient, png(photograph("chelsea")), param="input_reference")
    await away.aclose()
