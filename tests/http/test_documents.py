"""What the server says about itself is true, complete, and needs nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from filmgate.core.catalogue import DEFAULT_MODELS
from filmgate.http.dialects.openai import wire as openai_wire
from filmgate.http.dialects.relay import wire as relay_wire
from filmgate.http.errors import TABLE

BODY_FIELDS = {
    "model",
    "prompt",
    "size",
    "aspect_ratio",
    "seconds",
    "duration",
    "input_reference",
    "image_urls",
    "seed",
}
JSON_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


async def api(client: httpx2.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


async def test_llms_txt_is_an_index_whose_links_all_resolve(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/llms.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("# filmgate\n\n> ")
    links = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): .+$", answer.text, re.MULTILINE)
    assert len(links) == 6
    for link in links:
        assert (await anonymous.get(link)).status_code == 200


async def test_the_description_is_openapi_3_1_without_loose_ends(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await api(anonymous)
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    loose = [ref for ref in references(document) if ref.rpartition("/")[2] not in schemas]
    assert loose == []
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"


async def test_every_operation_is_named_once_and_says_how_it_ends(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await api(anonymous)
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert {"create_video", "retrieve_video", "list_videos", "delete_video"} <= set(ids)
    for operation in operations(document):
        assert {"200", "401", "503"} <= set(operation["responses"])
        assert operation["security"] == [{"api_key": []}]


async def test_every_operation_that_is_described_exists(anonymous: httpx2.AsyncClient) -> None:
    document = await api(anonymous)
    for path, methods in document["paths"].items():
        for method in methods:
            answer = await anonymous.request(method, path.replace("{id}", "x"))
            assert answer.status_code == 401, f"{method} {path}"


async def test_creates_take_json_and_forms(anonymous: httpx2.AsyncClient) -> None:
    document = await api(anonymous)
    for path in ("/v1/videos", "/v1/sora/videos", "/sora/videos"):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert set(content) == {"application/json", "multipart/form-data"}
        assert set(content["application/json"]["schema"]["properties"]) == BODY_FIELDS


@pytest.mark.parametrize("body", [openai_wire.CreateBody, relay_wire.CreateBody])
def test_the_described_bodies_have_the_fields_that_are_read(body: Any) -> None:
    assert set(body.model_fields) == BODY_FIELDS


@pytest.mark.parametrize("guide", ["relay", "openai", "errors", "scenes"])
async def test_the_guides_are_markdown(anonymous: httpx2.AsyncClient, guide: str) -> None:
    answer = await anonymous.get(f"/docs/{guide}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# ")


async def test_the_errors_guide_knows_every_code(anonymous: httpx2.AsyncClient) -> None:
    guide = (await anonymous.get("/docs/errors.md")).text
    codes = {cls.code for cls in TABLE} | {"internal_error", "method_not_allowed"}
    assert [code for code in codes - {"video_failed"} if f"`{code}`" not in guide] == []


async def test_the_examples_of_the_relay_guide_are_real(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    guide = (await anonymous.get("/docs/relay.md")).text
    request, created, completed = (json.loads(block) for block in JSON_BLOCK.findall(guide))
    answer = (await client.post("/v1/sora/videos", json=request)).json()
    assert list(answer) == list(created)
    assert set(completed) == {
        field.serialization_alias or name
        for name, field in relay_wire.CompletedVideo.model_fields.items()
    }
    assert request["model"] in {model.name for model in DEFAULT_MODELS}


async def test_the_description_names_keys_as_they_are_on_the_wire(
    anonymous: httpx2.AsyncClient,
) -> None:
    schemas = (await api(anonymous))["components"]["schemas"]
    assert "actualDuration" in schemas["CompletedVideo"]["properties"]
