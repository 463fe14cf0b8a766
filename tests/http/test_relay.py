"""The relay dialect, against the example bodies of the documents that its clients were written from."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from filmgate.core.catalogue import Catalogue, Model
from filmgate.core.video import Failure
from filmgate.http.app import build_app
from filmgate.http.services import Services
from tests.http.stage import UNKNOWN, Stage, Traces, Web, picture

SEEDS = Path(__file__).parent / "seeds"
CREATE = {"model": "openAiSora2Plus", "prompt": "A cat dancing in the rain", "seconds": 8}
SORA_ID = re.compile(r"sora_[0-9a-hjkmnp-tv-z]{26}")


def seed(name: str) -> Any:
    return json.loads((SEEDS / name).read_text())


def of_one_shape(answer: Any, example: Any) -> bool:
    """Same keys in the same order, and the same values wherever they are not the video's own."""
    own = {"id", "created", "video_url"}
    return list(answer) == list(example) and all(
        answer[key] == value and type(answer[key]) is type(value)
        for key, value in example.items()
        if key not in own
    )


async def create(client: httpx2.AsyncClient, **fields: object) -> str:
    answer = await client.post("/v1/sora/videos", json={**CREATE, **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("base", ["", "/kyyReactApiServer", "/kyyAiPower"])
@pytest.mark.parametrize("path", ["/v1/sora/videos", "/sora/videos"])
async def test_the_documents_create_request_gets_the_documents_answer(
    client: httpx2.AsyncClient, web: Web, base: str, path: str
) -> None:
    web.pages["https://example.com/reference1.jpg"] = picture(1280, 720, kind="JPEG")
    answer = await client.post(f"{base}{path}", json=seed("create_request.json"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert of_one_shape(answer.json(), seed("create_answer.json"))
    assert SORA_ID.fullmatch(answer.json()["id"])


async def test_the_documents_unclosed_request_is_refused_as_malformed(
    client: httpx2.AsyncClient, traces: Traces
) -> None:
    body = (SEEDS / "create_request_broken.txt").read_bytes()
    answer = await client.post(
        "/sora/videos", content=body, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await traces.left() == (0, 0, [])


async def test_a_created_video_is_queued_with_its_job(
    client: httpx2.AsyncClient, traces: Traces
) -> None:
    await create(client)
    assert await traces.left() == (1, 1, [])


@pytest.mark.parametrize("base", ["", "/kyyReactApiServer", "/kyyAiPower"])
@pytest.mark.parametrize("path", ["/v1/result/{}", "/v1/videos/{}"])
@pytest.mark.parametrize(
    ("model", "example"),
    [
        ("sora-2", "query_processing_sora_2.json"),
        ("openAiSora2Plus", "query_processing.json"),
    ],
)
async def test_a_running_video_reads_as_in_the_documents(
    client: httpx2.AsyncClient, stage: Stage, base: str, path: str, model: str, example: str
) -> None:
    wire_id = await create(client, model=model)
    await stage.begin(wire_id)
    answer = await client.get(base + path.format(wire_id))
    assert answer.status_code == 200
    assert of_one_shape(answer.json(), seed(example))
    assert answer.json()["id"] == wire_id


@pytest.mark.parametrize("path", ["/v1/result/{}", "/v1/videos/{}"])
async def test_a_completed_video_reads_as_in_the_documents(
    client: httpx2.AsyncClient, stage: Stage, path: str
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id, duration=8.0)
    answer = await client.get(path.format(wire_id))
    assert of_one_shape(answer.json(), seed("query_completed.json"))
    assert '"actualDuration":8,' in answer.text


async def test_a_waiting_video_is_queued(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client)
    answer = (await client.get(f"/v1/result/{wire_id}")).json()
    assert of_one_shape(answer, {**seed("query_processing.json"), "status": "queued"})


async def test_a_duration_that_is_not_whole_keeps_its_fraction(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id, duration=8.04166666)
    assert (await client.get(f"/v1/result/{wire_id}")).json()["actualDuration"] == 8.042


@pytest.fixture
async def priced(services: Services, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server whose only model costs 0.012345 a second."""
    catalogue = Catalogue([Model(name="openAiSora2Plus", price_per_second=12_345)])
    app = build_app(replace(services, catalogue=catalogue))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://inside",
        headers={"authorization": f"Bearer {key}"},
    ) as client:
        yield client


async def test_where_prices_are_set_a_pending_video_says_what_it_may_cost(
    priced: httpx2.AsyncClient, stage: Stage
) -> None:
    waiting, running = await create(priced), await create(priced)
    await stage.begin(running)
    for wire_id in (waiting, running):
        answer = (await priced.get(f"/v1/result/{wire_id}")).json()
        assert list(answer) == [*seed("query_processing.json"), "amount"]
        assert answer["amount"] == 0.09876


async def test_where_prices_are_set_a_completed_video_says_what_it_cost(
    priced: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(priced)
    await stage.complete(wire_id, duration=4.0)
    answer = await priced.get(f"/v1/result/{wire_id}")
    assert list(answer.json()) == [*seed("query_completed.json"), "amount"]
    assert '"amount":0.04938' in answer.text


async def test_where_prices_are_set_a_video_that_came_to_nothing_costs_nothing(
    priced: httpx2.AsyncClient, stage: Stage
) -> None:
    cancelled = await priced.post(f"/v1/videos/{await create(priced)}/cancel")
    assert '"amount":0}' in cancelled.text
    failed = await create(priced)
    await stage.fail(failed, Failure("engine_failed", "The engine ran out of paint."))
    assert '"amount":0}' in (await priced.get(f"/v1/result/{failed}")).text


async def test_where_prices_are_set_the_answer_to_a_create_stays_as_it_was(
    priced: httpx2.AsyncClient,
) -> None:
    answer = await priced.post("/v1/sora/videos", json=CREATE)
    assert list(answer.json()) == list(seed("create_answer.json"))


async def test_a_price_of_nothing_is_a_price(services: Services, key: str) -> None:
    catalogue = Catalogue([Model(name="openAiSora2Plus", price_per_second=0)])
    app = build_app(replace(services, catalogue=catalogue))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://inside",
        headers={"authorization": f"Bearer {key}"},
    ) as client:
        wire_id = await create(client)
        assert (await client.get(f"/v1/result/{wire_id}")).json()["amount"] == 0


async def test_a_failed_video_is_a_200_with_the_sentence(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.fail(wire_id, Failure("engine_failed", "The engine ran out of paint."))
    answer = await client.get(f"/v1/result/{wire_id}")
    assert answer.status_code == 200
    expected = {
        **seed("query_processing.json"),
        "status": "failed",
        "error": "The engine ran out of paint.",
    }
    assert of_one_shape(answer.json(), expected)


async def test_a_cancelled_video_reads_failed_and_says_so(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client)
    answer = await client.post(f"/v1/videos/{wire_id}/cancel")
    assert answer.status_code == 200
    assert answer.json()["id"] == wire_id
    assert answer.json()["status"] == "failed"
    assert "cancelled" in answer.json()["error"]


async def test_cancelling_twice_is_refused(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client)
    await client.post(f"/v1/videos/{wire_id}/cancel")
    answer = await client.post(f"/v1/videos/{wire_id}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "invalid_transition")
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["message"] == answer.json()["error"]["message"]


async def test_the_result_is_in_relay_words_whatever_the_prefix(
    client: httpx2.AsyncClient,
) -> None:
    wire_id = await create(client)
    answer = await client.get(f"/v1/result/{wire_id.replace('sora_', 'video_')}")
    assert (answer.json()["id"], answer.json()["object"]) == (wire_id, "video.generation")


async def test_the_link_is_under_the_host_that_the_client_asked(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id)
    answer = await client.get(f"/kyyAiPower/v1/result/{wire_id}")
    url = httpx2.URL(answer.json()["video_url"])
    assert str(url).startswith("http://filmgate.test:8000/files/videos/")
    assert url.path.endswith(".mp4")


async def test_the_link_is_under_the_public_url_where_one_is_set(
    services: Services, key: str, stage: Stage
) -> None:
    app = build_app(replace(services, public_url="https://films.example.com/gate/"))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://inside",
        headers={"authorization": f"Bearer {key}"},
    ) as client:
        wire_id = await create(client)
        await stage.complete(wire_id)
        url = (await client.get(f"/v1/result/{wire_id}")).json()["video_url"]
    assert url.startswith("https://films.example.com/gate/files/videos/")


async def test_model_is_required(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/sora/videos", json={"prompt": "A cat"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_value", "model")


@pytest.mark.parametrize(
    "wire_id",
    [f"sora_{UNKNOWN}", f"sora_{UNKNOWN.upper()}Z", "sora_abc123def456", "sora_..", "sora_%00"],
)
async def test_an_unknown_id_is_not_found(client: httpx2.AsyncClient, wire_id: str) -> None:
    for path in (f"/v1/result/{wire_id}", f"/v1/videos/{wire_id}"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_found")
        assert answer.json()["message"] == answer.json()["error"]["message"]
