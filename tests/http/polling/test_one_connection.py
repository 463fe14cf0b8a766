"""Polls that are answered as they come, among other requests on the same connection."""

import gc
from collections.abc import Iterator

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from filmgate.core.video import Video
from filmgate.http.app import build_app
from filmgate.http.connections import PIPELINE_LIMIT
from filmgate.http.prompt import TAKEN_LIMIT
from filmgate.http.services import Services
from tests.eventually import eventually
from tests.http.live import live
from tests.http.polling.studio import Studio
from tests.http.test_connections import Wire, status, wired

PATH = "/v1/videos/video_{id}"
NAME = "/v1/videos/{id}"


def asking(path: str, key: str, *more: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "host: x", f"authorization: Bearer {key}", *more, "", ""]
    return "\r\n".join(lines).encode()


async def until_known(wire: Wire, services: Services, video: Video, *, key: str) -> bytes:
    """A poll that is answered as it comes, until the clock is turned."""
    poll = asking(PATH.format(id=video.id), key)

    async def look() -> bool:
        await wire.say(poll)
        assert status(await wire.answer()) == 200
        return services.sightings.find(video.id, NAME) is not None

    await eventually(look)
    return poll


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What nobody looks for stays, if it holds itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("open_eyes")
async def test_a_request_behind_a_poll_in_one_piece_has_all_the_time_that_it_needs(
    services: Services, studio: Studio, key: str
) -> None:
    video = await studio.in_progress()
    patient = asking(PATH.format(id=video.id), key, "prefer: wait=3")
    async with live(services, build_app(services), keep_alive=1) as url, wired(url) as wire:
        poll = await until_known(wire, services, video, key=key)
        await wire.say(poll + patient)
        assert status(await wire.answer()) == 200
        answer = await wire.answer()
    assert status(answer) == 200
    assert b"preference-applied: wait=3" in answer


@pytest.mark.usefixtures("open_eyes")
async def test_an_idle_connection_is_closed_after_a_poll_as_after_anything_else(
    services: Services, studio: Studio, key: str
) -> None:
    video = await studio.in_progress()
    async with live(services, build_app(services), keep_alive=1) as url, wired(url) as wire:
        await until_known(wire, services, video, key=key)
        assert await wire.rest() == b""


@pytest.mark.usefixtures("open_eyes")
async def test_of_many_polls_in_one_piece_some_are_answered_as_they_come_and_a_few_wait(
    services: Services, studio: Studio, key: str
) -> None:
    video, most = await studio.in_progress(), TAKEN_LIMIT + 1 + PIPELINE_LIMIT
    async with live(services, build_app(services)) as url, wired(url) as wire:
        poll = await until_known(wire, services, video, key=key)
        await wire.say(poll * most)
        assert {status(await wire.answer()) for _ in range(most)} == {200}
        await wire.say(poll * (most + 100))
        answers = await wire.rest()
    assert answers.count(b"HTTP/1.1 200") <= most


def kept_requests() -> int:
    return sum(isinstance(each, RequestResponseCycle) for each in gc.get_objects())


@pytest.mark.usefixtures("open_eyes", "no_collector")
async def test_no_request_outlives_its_answer(services: Services, studio: Studio, key: str) -> None:
    path = PATH.format(id=(await studio.in_progress()).id)
    body = '{"prompt": "A cat"}'
    create = asking("/v1/videos", key, f"content-length: {len(body)}") + body.encode()
    create = create.replace(b"GET", b"POST", 1)
    asked = [asking(path, key), asking("/v1/models", key), asking("/nothing", key), create]
    async with live(services, build_app(services)) as url, wired(url) as wire:
        for request in asked * 5:
            await wire.say(request)
            await wire.answer()
        assert kept_requests() <= 2  # the connection's last, and one whose task is just ending


@pytest.mark.usefixtures("open_eyes", "no_collector")
async def test_no_request_outlives_its_connection(
    services: Services, studio: Studio, key: str
) -> None:
    video = await studio.in_progress()
    async with live(services, build_app(services)) as url:
        for _ in range(10):
            async with wired(url) as wire:
                await until_known(wire, services, video, key=key)

        async def look() -> bool:
            return kept_requests() == 0

        await eventually(look)
