"""What the server says about itself is true, complete, and needs nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import validate

from filmgate.core.catalogue import DEFAULT_MODELS, Catalogue, Model
from filmgate.core.errors import VideoNotFound
from filmgate.http.app import build_app
from filmgate.http.dialects.newapi import wire as newapi_wire
from filmgate.http.dialects.relay import wire as relay_wire
from filmgate.http.documents import GUIDES
from filmgate.http.errors import TABLE
from filmgate.http.ids import parse_id
from filmgate.http.services import Services
from tests.http.stage import UNKNOWN

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
    "characters",
}
SEEDS = Path(__file__).parent / "seeds"
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
    assert len(links) == len(GUIDES) + 2
    for link in links:
        assert (await anonymous.get(link)).status_code == 200


async def test_the_description_is_openapi_3_1_without_loose_ends(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await api(anonymous)
    assert document["openapi"].startswith("3.1")
    parts = document["components"]
    loose = [
        ref for ref in references(document) if ref.split("/")[3] not in parts[ref.split("/")[2]]
    ]
    assert loose == []
    assert parts["securitySchemes"]["api_key"]["scheme"] == "bearer"
    validate(document)


async def test_every_operation_is_named_once_and_says_how_it_ends(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await api(anonymous)
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert {"create_video", "retrieve_video", "list_videos", "delete_video"} <= set(ids)
    for operation in operations(document):
        assert {"200", "401", "403", "429", "500", "503"} <= set(operation["responses"])
        assert operation["security"] == [{"api_key": []}]
        for answer in operation["responses"].values():
            assert "x-request-id" in answer["headers"]
            assert answer["description"]


async def test_one_address_that_two_dialects_share_has_both_shapes(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await api(anonymous)
    assert [path for path in document["paths"] if "sora_" in path] == []
    shared = document["paths"]["/v1/videos/{id}"]["get"]["responses"]
    assert shapes(shared["200"], "oneOf") == ["VideoBody", "UnfinishedVideo", "CompletedVideo"]
    assert shapes(shared["404"], "anyOf") == ["ErrorBody", "RelayErrorBody"]
    cancelled = document["paths"]["/v1/videos/{id}/cancel"]["post"]["responses"]
    assert shapes(cancelled["200"], "oneOf") == ["VideoBody", "UnfinishedVideo"]
    assert shapes(cancelled["409"], "anyOf") == ["ErrorBody", "RelayErrorBody"]


def shapes(answer: dict[str, Any], word: str) -> list[str]:
    choices = answer["content"]["application/json"]["schema"][word]
    return [choice["$ref"].rpartition("/")[2] for choice in choices]


async def test_every_part_of_an_address_is_described(anonymous: httpx2.AsyncClient) -> None:
    document = await api(anonymous)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            parts = [part for part in operation["parameters"] if part["in"] == "path"]
            assert [part["name"] for part in parts] == re.findall(r"\{(\w+)\}", path)
            for part in parts:
                assert part["description"]
                assert re.search(part["schema"]["pattern"], part["example"])


@pytest.mark.parametrize("text", [f"video_{UNKNOWN}", f"sora_{UNKNOWN}", f"task_{UNKNOWN}", "x"])
async def test_the_described_ids_are_those_that_are_read(
    anonymous: httpx2.AsyncClient, text: str
) -> None:
    document = await api(anonymous)
    (part, *_) = document["paths"]["/v1/videos/{id}"]["delete"]["parameters"]
    assert bool(re.search(part["schema"]["pattern"], text)) is is_id(text)


def is_id(text: str) -> bool:
    try:
        parse_id(text)
    except VideoNotFound:
        return False
    return True


async def test_the_choices_are_the_catalogues_own(services: Services) -> None:
    catalogue = Catalogue([Model(name="own", seconds=(3, 7))])
    app = build_app(replace(services, catalogue=catalogue))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://filmgate.test"
    ) as client:
        schemas = (await api(client))["components"]["schemas"]
    assert schemas["ModelName"]["enum"] == ["own"]
    assert [choice["enum"] for choice in schemas["VideoSeconds"]["anyOf"]] == [[3, 7], ["3", "7"]]
    assert schemas["VideoSize"]["enum"] == ["720x1280", "1280x720"]


async def test_every_operation_that_is_described_exists(anonymous: httpx2.AsyncClient) -> None:
    document = await api(anonymous)
    for path, methods in document["paths"].items():
        for method in methods:
            answer = await anonymous.request(method, re.sub(r"\{\w+\}", "x", path))
            assert answer.status_code == 401, f"{method} {path}"


async def test_creates_take_json_and_forms(anonymous: httpx2.AsyncClient) -> None:
    document = await api(anonymous)
    for path in ("/v1/videos", "/v1/sora/videos", "/sora/videos"):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert list(content) == ["application/json", "multipart/form-data"]
        body, form = (body_of(document, kind) for kind in content.values())
        assert set(body) == set(form) == BODY_FIELDS
        assert '"binary"' not in json.dumps(body)
        assert '"binary"' in json.dumps(form["input_reference"])


def body_of(document: dict[str, Any], content: dict[str, Any]) -> Any:
    name = content["schema"]["$ref"].rpartition("/")[2]
    return document["components"]["schemas"][name]["properties"]


async def test_the_examples_are_those_of_the_relays_documents(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await api(anonymous)
    create = document["paths"]["/v1/sora/videos"]["post"]
    request = create["requestBody"]["content"]["application/json"]["example"]
    seed = json.loads((SEEDS / "create_request.json").read_text())
    assert request == {key: seed[key] for key in request}
    schemas = document["components"]["schemas"]
    for name, file in {
        "CreatedVideo": "create_answer.json",
        "UnfinishedVideo": "query_processing.json",
        "CompletedVideo": "query_completed.json",
    }.items():
        (example,) = schemas[name]["examples"]
        seed = json.loads((SEEDS / file).read_text())
        own = {"id": example["id"], "video_url": example.get("video_url")}
        assert example == {**seed, **{key: own[key] for key in own if key in seed}}


@pytest.mark.parametrize("guide", GUIDES)
async def test_the_guides_are_markdown(anonymous: httpx2.AsyncClient, guide: str) -> None:
    answer = await anonymous.get(f"/docs/{guide}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# ")


async def test_the_errors_guide_knows_every_code(anonymous: httpx2.AsyncClient) -> None:
    guide = (await anonymous.get("/docs/errors.md")).text
    codes = {cls.code for cls in TABLE} | {"internal_error"}
    assert [code for code in codes - {"video_failed"} if f"`{code}`" not in guide] == []


async def test_the_examples_of_the_relay_guide_are_real(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    guide = (await anonymous.get("/docs/relay.md")).text
    request, created, completed = (json.loads(block) for block in JSON_BLOCK.findall(guide))
    answer = (await client.post("/v1/sora/videos", json=request)).json()
    assert list(answer) == list(created)
    fields = relay_wire.CompletedVideo.model_fields
    told = {field.serialization_alias or name for name, field in fields.items()}
    assert set(completed) == told - {"amount"}  # which is told where prices are set
    assert request["model"] in {model.name for model in DEFAULT_MODELS}


async def test_the_examples_of_the_newapi_guide_are_real(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    guide = (await anonymous.get("/docs/newapi.md")).text
    request, created, completed = (json.loads(block) for block in JSON_BLOCK.findall(guide))
    answer = (await client.post("/v1/video/generations", json=request)).json()
    assert list(answer) == list(created)
    assert set(completed) == set(newapi_wire.Generation.model_fields)


async def test_the_description_names_keys_as_they_are_on_the_wire(
    anonymous: httpx2.AsyncClient,
) -> None:
    schemas = (await api(anonymous))["components"]["schemas"]
    assert "actualDuration" in schemas["CompletedVideo"]["properties"]
