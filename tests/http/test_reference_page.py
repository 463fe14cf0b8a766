"""The reference page: whole, true, readable without scripts, and nothing in it comes from elsewhere."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from openapi_schema_validator import OAS31Validator

from filmgate.http.documents import DIALECTS, GUIDES, TOPICS
from filmgate.http.reference.commands import curl, curl_upload
from filmgate.http.reference.description import Json, Operation, operations
from filmgate.http.reference.page import Surroundings, reference_page
from tests.http.stage import Stage, picture

BASE = "http://films.example.com:8000"
HOSTILE = "<script>alert('x')\" onload=\"x"


@dataclass
class Seen(HTMLParser):
    """What a page consists of, as far as the tests ask; fails where its tags do not nest."""

    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
        if tag != "meta":
            self._open.append(tag)
        if tag == "th":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "th" in self._open:
            self.headings[-1] += data

    def close(self) -> None:
        super().close()
        assert self._open == []


def seen(html: str) -> Seen:
    page = Seen()
    page.feed(html)
    page.close()
    return page


async def described(client: httpx2.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


@pytest.mark.parametrize("prefix", ["", "/kyyReactApiServer"])
async def test_its_links_all_resolve(anonymous: httpx2.AsyncClient, prefix: str) -> None:
    answer = await anonymous.get(f"{prefix}/docs")
    page = seen(answer.text)
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    outside = {link for link in page.links if not link.startswith("#")}
    assert inside - set(page.ids) == set()
    assert outside == {"openapi.json", "llms.txt", *(f"docs/{name}.md" for name in GUIDES)}
    for link in outside:
        assert (await anonymous.get(str(answer.url.join(link)))).status_code == 200


async def test_it_runs_and_loads_nothing(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/docs")
    page = seen(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (
        page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"} == set()
    )
    assert page.attributes & {"src", "srcset", "style", "action"} == set()
    assert [name for name in page.attributes if name.startswith("on")] == []
    assert "url(" not in answer.text
    assert "@import" not in answer.text


async def test_it_shows_every_operation_and_shape_once(anonymous: httpx2.AsyncClient) -> None:
    document = await described(anonymous)
    html = (await anonymous.get("/docs")).text
    ids = Counter(seen(html).ids)
    said = [said for methods in document["paths"].values() for said in methods.values()]
    names = [*(one["operationId"] for one in said), *document["components"]["schemas"], *DIALECTS]
    assert {name: ids[name] for name in names} == dict.fromkeys(names, 1)
    assert [path for path in document["paths"] if f"<code>{path}</code>" not in html] == []


async def test_its_ids_are_unique(anonymous: httpx2.AsyncClient) -> None:
    ids = seen((await anonymous.get("/docs")).text).ids
    assert [id_ for id_, count in Counter(ids).items() if count > 1] == []


async def test_the_columns_and_rows_of_its_tables_all_have_a_title(
    anonymous: httpx2.AsyncClient,
) -> None:
    headings = seen((await anonymous.get("/docs")).text).headings
    assert headings
    assert all(headings)


async def test_an_operation_with_two_addresses_is_shown_once(anonymous: httpx2.AsyncClient) -> None:
    found = operations(await described(anonymous))
    create = next(one for one in found if one.ids[0] == "create_relay_video")
    assert create.paths == ["/v1/sora/videos", "/sora/videos"]
    assert create.ids == ["create_relay_video", "create_relay_video_unversioned"]
    assert [one for one in found if one is not create and len(one.paths) > 1] == []
    assert "also at <code>/sora/videos</code>" in (await anonymous.get("/docs")).text


async def test_every_dialect_is_introduced(anonymous: httpx2.AsyncClient) -> None:
    assert {one.tag for one in operations(await described(anonymous))} == {*DIALECTS, *TOPICS}


async def test_its_examples_are_for_the_address_that_the_reader_came_by(
    anonymous: httpx2.AsyncClient,
) -> None:
    html = (await anonymous.get("/docs", headers={"host": "films.example.com:8000"})).text
    assert f"curl {BASE}/v1/videos " in html


async def test_a_hostile_host_cannot_write_into_the_page(anonymous: httpx2.AsyncClient) -> None:
    html = (await anonymous.get("/docs", headers={"host": "a<script>"})).text
    assert "<script" not in html


def test_what_is_said_of_an_operation_is_text() -> None:
    field_ = {"type": HOSTILE, "description": HOSTILE, "examples": [HOSTILE]}
    schema = {"description": HOSTILE, "properties": {HOSTILE: field_}, "required": [HOSTILE]}
    said = {
        "operationId": HOSTILE,
        "tags": [HOSTILE],
        "summary": HOSTILE,
        "description": HOSTILE,
        "parameters": [{"name": HOSTILE, "in": HOSTILE, "schema": {"enum": [HOSTILE, HOSTILE]}}],
        "requestBody": {"content": {HOSTILE: {"schema": {"$ref": f"#/{HOSTILE}"}}}},
        "responses": {
            "200": {
                "description": HOSTILE,
                "content": {
                    HOSTILE: {
                        "schema": {"$ref": f"#/{HOSTILE}"},
                        "examples": {HOSTILE: {"value": HOSTILE}},
                    }
                },
            }
        },
    }
    document = {
        "info": {"title": HOSTILE, "version": HOSTILE, "description": HOSTILE},
        "paths": {f"/{HOSTILE}": {"post": said}},
        "components": {"schemas": {HOSTILE: schema}},
    }
    around = Surroundings(
        base=f"http://{HOSTILE}",
        dialects={HOSTILE: HOSTILE},
        topics={HOSTILE: HOSTILE},
        guides={HOSTILE: HOSTILE},
    )
    page = seen(reference_page(document, around))
    assert "script" not in page.tags
    assert "onload" not in page.attributes


async def test_the_requests_that_it_shows_are_accepted(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient, stage: Stage
) -> None:
    document = await described(anonymous)
    shown = [one for one in operations(document) if example_of(one) is not None]
    assert {one.ids[0] for one in shown} >= {"create_video", "remix_video", "create_generation"}
    for operation in shown:
        path, body = await on_a_film_that_there_is(operation, client, stage)
        answer = await client.post(path, json=body)
        assert answer.status_code == 200, (operation.ids[0], answer.text)


def example_of(operation: Operation) -> Any:
    return operation.bodies.get("application/json", {}).get("example")


async def on_a_film_that_there_is(
    operation: Operation, client: httpx2.AsyncClient, stage: Stage
) -> tuple[str, Any]:
    """The example's address and body, with the id of a completed video wherever they name one."""
    body = example_of(operation)
    if not {"remix_video", "edit_video", "extend_video"} & {operation.ids[0]}:
        return operation.paths[0], body
    created = await client.post("/v1/videos", json={"prompt": "A cat", "seconds": 8})
    wire_id = created.json()["id"]
    await stage.complete(wire_id)
    if "video" in body:
        body = {**body, "video": {"id": wire_id}}
    return operation.paths[0].replace("{id}", wire_id), body


async def test_the_commands_send_the_examples(anonymous: httpx2.AsyncClient) -> None:
    document = await described(anonymous)
    for operation in operations(document):
        words = shlex.split(curl(operation, base=BASE, schemas=schemas_of(document)))
        if (example := example_of(operation)) is not None:
            assert json.loads(words[words.index("-d") + 1]) == example
        else:
            assert "-d" not in words


@pytest.mark.parametrize(
    ("operation_id", "field_"),
    [
        ("create_video", "input_reference"),
        ("create_relay_video", "input_reference"),
        ("create_generation", "image"),
    ],
)
async def test_the_upload_that_it_shows_is_accepted(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient, operation_id: str, field_: str
) -> None:
    document = await described(anonymous)
    operation = next(one for one in operations(document) if one.ids[0] == operation_id)
    upload = curl_upload(operation, base=BASE, schemas=schemas_of(document))
    assert upload is not None
    form = form_of(shlex.split(upload))
    assert form.pop(field_) == "@first-frame.png"
    files = {field_: ("first-frame.png", picture(1280, 720))}
    answer = await client.post(operation.paths[0], data=form, files=files)
    assert answer.status_code == 200, answer.text


def form_of(words: list[str]) -> dict[str, str]:
    return dict(part.split("=", 1) for flag, part in pairwise(words) if flag == "-F")


async def test_what_is_read_from_forms_alone_is_shown_as_one(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await described(anonymous)
    operation = next(one for one in operations(document) if one.ids[0] == "create_character")
    form = form_of(shlex.split(curl(operation, base=BASE, schemas=schemas_of(document))))
    assert form == {"name": "Mochi", "video": "@film.mp4"}


async def test_the_commands_that_it_shows_reach_their_operations(
    anonymous: httpx2.AsyncClient,
) -> None:
    document = await described(anonymous)
    for operation in operations(document):
        words = shlex.split(curl(operation, base=BASE, schemas=schemas_of(document)))
        url = next(word for word in words if word.startswith(BASE))
        guessed = "POST" if {"-d", "-F"} & {*words} else "GET"
        method = words[words.index("-X") + 1] if "-X" in words else guessed
        assert method == operation.method
        assert "Authorization: Bearer YOUR_API_KEY" in words
        answer = await anonymous.request(method, url.removeprefix(BASE))
        assert answer.status_code == 401, url


async def test_every_example_has_its_shape(anonymous: httpx2.AsyncClient) -> None:
    document = await described(anonymous)
    schemas = schemas_of(document)
    shown = [(name, each) for name, schema in schemas.items() for each in schema["examples"]]
    shown += [
        (name, example["value"])
        for content in contents(document)
        for name, example in content.get("examples", {}).items()
    ]
    assert len(shown) > len(schemas)
    for name, example in shown:
        validator(schemas, {"$ref": f"#/components/schemas/{name}"}).validate(example)
    for content in contents(document):
        if "example" in content:
            validator(schemas, content["schema"]).validate(content["example"])


def schemas_of(document: Json) -> Json:
    schemas: Json = document["components"]["schemas"]
    return schemas


def contents(document: Json) -> Iterator[Json]:
    for operation in operations(document):
        yield from operation.bodies.values()
        for answer in operation.answers.values():
            yield from answer.get("content", {}).values()


def validator(schemas: Json, schema: Json) -> OAS31Validator:
    return OAS31Validator({**schema, "components": {"schemas": schemas}})
