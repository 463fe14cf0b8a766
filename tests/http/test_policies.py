"""Policies at the edge: one answer in every dialect and on every create, before anything is spent."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from filmgate.core.catalogue import PORTRAIT
from filmgate.core.video import Failure
from filmgate.http.app import build_app
from filmgate.http.services import Services
from filmgate.moderation.endpoint import ModerationEndpoint
from filmgate.moderation.face_model import face_model
from filmgate.moderation.faces import FaceDetector
from filmgate.moderation.prompt_list import PromptList
from filmgate.usecases.policies import Policies
from tests.http.conftest import BASE_URL
from tests.http.stage import Stage, Traces, Web
from tests.media.films import write_film
from tests.moderation.photographs import photograph, pixels, png, portrait
from tests.scripted_server import Received, Reply, ScriptedServer, json_reply

MODERATIONS = "/v1/moderations"
UPRIGHT = (PORTRAIT.width, PORTRAIT.height)


def judge(request: Received) -> Reply:
    """Flags blood, and breaks at thunder."""
    prompt = json.loads(request.body)["input"]
    if "thunder" in prompt:
        return Reply(500)
    return json_reply({"results": [{"flagged": "blood" in prompt, "categories": {}}]})


@pytest.fixture
def moderation() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.on("POST", MODERATIONS, judge)
        yield server


@pytest.fixture
async def services(
    services: Services, moderation: ScriptedServer, tmp_path: Path
) -> AsyncIterator[Services]:
    """With every policy in force."""
    path = tmp_path / "refused.txt"
    path.write_text(r"\bgun\b")
    faces = FaceDetector(face_model(), scratch=services.scratch)
    endpoint = ModerationEndpoint(moderation.url + MODERATIONS, api_key=None, model=None)
    policies = Policies(prompts=PromptList.read(path), endpoint=endpoint, faces=faces)
    yield replace(services, policies=policies, max_body_bytes=8_000_000)
    await endpoint.aclose()
    await faces.aclose()


@pytest.fixture(scope="session")
def face() -> bytes:
    return png(portrait(size=UPRIGHT))


@pytest.fixture(scope="session")
def film_with_face(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds of a cat, with a face for half a second."""
    cat, person = (
        pixels(image) for image in (photograph("chelsea").resize(UPRIGHT), portrait(size=UPRIGHT))
    )
    path = write_film(
        tmp_path_factory.mktemp("film") / "film.mp4",
        size=PORTRAIT,
        rate=8,
        count=32,
        picture=lambda number: person if 15 <= number < 19 else cat,
    )
    return path.read_bytes()


async def made(client: httpx2.AsyncClient, stage: Stage) -> str:
    answer = await client.post("/v1/videos", json={"prompt": "A cat"})
    assert answer.status_code == 200, answer.text
    wire_id = str(answer.json()["id"])
    await stage.complete(wire_id, duration=4.0)
    return wire_id


def refused(answer: httpx2.Response, status: int, code: str, param: str | None) -> str:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param), answer.text
    return str(error["message"])


CREATES: list[tuple[str, dict[str, Any]]] = [
    ("/v1/videos", {}),
    ("/v1/sora/videos", {"model": "openAiSora2Plus"}),
    ("/kyyAiPower/sora/videos", {"model": "sora-2"}),
    ("/v1/video/generations", {"model": "sora-2"}),
    ("/v1/videos/{source}/remix", {}),
    ("/v1/videos/edits", {"video": {"id": "{source}"}}),
    ("/v1/videos/extensions", {"video": {"id": "{source}"}}),
]


@pytest.mark.parametrize(("path", "fields"), CREATES)
async def test_every_create_asks_about_its_prompt(
    path: str,
    fields: dict[str, Any],
    client: httpx2.AsyncClient,
    stage: Stage,
    traces: Traces,
) -> None:
    source = await made(client, stage)
    body = json.loads(json.dumps(fields).replace("{source}", source))
    address = path.format(source=source)
    before = await traces.left()

    answer = await client.post(address, json=body | {"prompt": "A hand G\N{SOFT HYPHEN}UN"})
    assert "prompt list" in refused(answer, 400, "moderation_blocked", "prompt")
    answer = await client.post(address, json=body | {"prompt": "blood"})
    assert "moderation endpoint" in refused(answer, 400, "moderation_blocked", "prompt")
    answer = await client.post(address, json=body | {"prompt": "thunder"})
    refused(answer, 503, "service_unavailable", None)
    assert answer.headers["retry-after"]
    assert await traces.left() == before

    answer = await client.post(address, json=body | {"prompt": "A dog"})
    assert answer.status_code == 200, answer.text


async def test_prompts_may_pass_without_a_verdict_where_that_is_wanted(
    services: Services, key: str
) -> None:
    lenient = replace(services.policies, lets_unjudged_pass=True)
    async with client_of(replace(services, policies=lenient), key) as client:
        answer = await client.post("/v1/videos", json={"prompt": "thunder"})
        assert answer.status_code == 200, answer.text


async def test_the_prompt_is_judged_before_a_picture_is_fetched(
    client: httpx2.AsyncClient, web: Web
) -> None:
    body = {"prompt": "a gun", "image_urls": ["https://pictures.example/away.png"]}
    refused(await client.post("/v1/videos", json=body), 400, "moderation_blocked", "prompt")
    answer = await client.post("/v1/videos", json=body | {"prompt": "a cat"})
    refused(answer, 400, "image_unreachable", "image_urls")


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/v1/videos", {"image_urls": ["{image}"]}, "image_urls"),
        ("/v1/sora/videos", {"model": "sora-2", "input_reference": "{image}"}, "input_reference"),
        ("/v1/sora/videos", {"model": "sora2", "image_urls": ["{url}"]}, "image_urls"),
        ("/v1/video/generations", {"model": "sora-2", "image": "{image}"}, "image"),
    ],
)
async def test_a_picture_with_a_face_is_refused_in_every_dialect(
    path: str,
    fields: dict[str, Any],
    param: str,
    client: httpx2.AsyncClient,
    web: Web,
    face: bytes,
    traces: Traces,
) -> None:
    web.pages["https://pictures.example/face.png"] = face
    text = json.dumps(fields).replace("{image}", b64encode(face).decode())
    body = json.loads(text.replace("{url}", "https://pictures.example/face.png"))
    answer = await client.post(path, json=body | {"prompt": "She waves", "size": str(PORTRAIT)})
    assert "shows a face" in refused(answer, 400, "image_rejected", param)
    assert await traces.left() == (0, 0, [])


async def test_an_uploaded_picture_with_a_face_is_refused(
    client: httpx2.AsyncClient, face: bytes, traces: Traces, services: Services
) -> None:
    form = {"data": {"prompt": "She waves"}, "files": {"input_reference": face}}
    answer = await client.post("/v1/videos", **form)  # type: ignore[arg-type]
    refused(answer, 400, "image_rejected", "input_reference")
    assert await traces.left() == (0, 0, [])
    assert list(services.scratch.iterdir()) == []


async def test_a_picture_without_a_face_is_taken(client: httpx2.AsyncClient) -> None:
    cat = png(photograph("chelsea").resize(UPRIGHT))
    answer = await client.post(
        "/v1/videos", data={"prompt": "It purrs"}, files={"input_reference": cat}
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/videos/edits", {"prompt": "At night"}),
        ("/v1/videos/extensions", {"prompt": "It goes on", "seconds": "4"}),
        ("/v1/videos/characters", {"name": "Her"}),
    ],
)
async def test_an_uploaded_film_with_a_face_is_refused(
    path: str,
    fields: dict[str, str],
    client: httpx2.AsyncClient,
    film_with_face: bytes,
    traces: Traces,
    services: Services,
) -> None:
    answer = await client.post(path, data=fields, files={"video": film_with_face})
    assert "shows a face" in refused(answer, 400, "image_rejected", "video")
    assert await traces.left() == (0, 0, [])
    assert list(services.scratch.iterdir()) == []


async def test_without_its_detector_the_server_takes_no_picture(
    services: Services, key: str, traces: Traces, tmp_path: Path
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"")
    away = FaceDetector(model, scratch=services.scratch)
    policies = replace(services.policies, faces=away)
    cat = png(photograph("chelsea").resize(UPRIGHT))
    async with client_of(replace(services, policies=policies), key) as client:
        answer = await client.post(
            "/v1/videos", data={"prompt": "It purrs"}, files={"input_reference": cat}
        )
        refused(answer, 503, "service_unavailable", None)
        assert await traces.left() == (0, 0, [])
        answer = await client.post("/v1/videos", json={"prompt": "A cat"})
        assert answer.status_code == 200, answer.text
    await away.aclose()


async def test_an_upstreams_own_refusal_stays_data_on_the_video(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = (await client.post("/v1/videos", json={"prompt": "A cat"})).json()["id"]
    await stage.begin(wire_id)
    await stage.fail(wire_id, Failure("moderation_blocked", "The upstream refused the prompt."))
    answer = await client.get(f"/v1/videos/{wire_id}")
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == "moderation_blocked"


def client_of(services: Services, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(build_app(services)),
        base_url=BASE_URL,
        headers={"authorization": f"Bearer {key}"},
    )
