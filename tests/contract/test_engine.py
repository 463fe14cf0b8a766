"""The docstring of the Engine port, held against every engine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from filmgate.core.ports import Engine
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.submission import Terms
from filmgate.engines.scenes.engine import ScenesEngine
from filmgate.engines.videos_api.engine import Contract, VideosApiEngine
from filmgate.media.probe import probe
from tests.noted_attempt import NotedAttempt, Row
from tests.scripted_engine import ScriptedEngine, wait_until_told, write_sample
from tests.upstream_server import UpstreamServer

SPEC = VideoSpec(
    model="sora-2", engine="any", prompt="A calm lake", size=Size(1280, 720), seconds=4
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    write_sample(path, seconds=4)
    return path


@pytest.fixture(params=["scenes", "scenes, tiny", "scripted", "videos_api"])
async def engine(
    request: pytest.FixtureRequest, sample: Path, tmp_path: Path
) -> AsyncIterator[Engine]:
    with UpstreamServer(sample.read_bytes()) as upstream:  # noqa: ASYNC240 - before anything runs
        made: Engine
        if request.param == "scripted":
            made = ScriptedEngine(sample)
        elif request.param == "videos_api":
            terms = Terms(upstream="loopback", url=upstream.url)
            made = VideosApiEngine(Contract(terms=terms), secrets={})
        else:
            made = ScenesEngine(cache=tmp_path, tiny="tiny" in request.param)
        yield made
        await made.aclose()


def an_attempt(folder: Path) -> NotedAttempt:
    return NotedAttempt(Row(), folder)


async def test_a_render_is_a_playable_file_of_the_asked_length_below_the_workdir(
    engine: Engine, tmp_path: Path
) -> None:
    attempt = an_attempt(tmp_path / "one")
    rendered = await engine.render(SPEC, attempt)
    assert rendered.path.is_relative_to(attempt.workdir)
    found = probe(rendered.path)
    assert found.duration == pytest.approx(4, abs=1 / 24)
    assert found.audio_codec == "aac"


async def test_progress_runs_from_nothing_to_all(engine: Engine, tmp_path: Path) -> None:
    attempt = an_attempt(tmp_path / "one")
    await engine.render(SPEC, attempt)
    assert attempt.told == sorted(attempt.told)
    assert 0 <= attempt.told[0] <= attempt.told[-1] <= 100
    assert attempt.told[-1] >= 99


async def test_the_same_spec_may_be_rendered_again(engine: Engine, tmp_path: Path) -> None:
    first = await engine.render(SPEC, an_attempt(tmp_path / "one"))
    second = await engine.render(SPEC, an_attempt(tmp_path / "two"))
    assert first.path.read_bytes() == second.path.read_bytes()


async def test_a_cancelled_render_stops_and_another_one_can_begin(
    engine: Engine, tmp_path: Path
) -> None:
    if isinstance(engine, ScriptedEngine):
        engine.script = [wait_until_told]
    long = replace(SPEC, seconds=20)
    attempt = an_attempt(tmp_path / "one")
    render = asyncio.gather(engine.render(long, attempt))
    await asyncio.sleep(0.05)
    render.cancel()
    with pytest.raises(asyncio.CancelledError):
        await render
    assert (await engine.render(SPEC, an_attempt(tmp_path / "two"))).path.exists()


async def test_a_video_may_be_forgotten_more_than_once(engine: Engine, tmp_path: Path) -> None:
    attempt = an_attempt(tmp_path / "one")
    await engine.render(SPEC, attempt)
    for _ in range(2):
        await engine.forget(attempt.token or {})


async def test_a_ready_engine_says_nothing(engine: Engine) -> None:
    await engine.check()
