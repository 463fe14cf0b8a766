"""The reference page: whole, true, readable without scripts, and nothing in it comes from elsewhere."""

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from filmgate.http.dialects.openai import wire as openai_wire
from filmgate.http.dialects.relay import wire as relay_wire
from filmgate.http.documents import DIALECTS, GUIDES
from filmgate.http.reference.description import Operation, answer_schemas, operations
from filmgate.http.reference.examples import (
    REQUESTS,
    answer_example,
    curl,
    curl_upload,
    refusal_example,
    schema_example,
)
from filmgate.http.reference.page import Surroundings, reference_page
from tests.http.stage import picture

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
    assert {one.tag for one in operations(await described(anonymous))} == set(DIALECTS)


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
        "requestBody": {"content": {HOSTILE: {"schema": schema}}},
        "responses": {
            "200": {
                "description": HOSTILE,
                "content": {HOSTILE: {"schema": {"$ref": f"#/components/schemas/{HOSTILE}"}}},
            }
        },
    }
    document = {
        "info": {"title": HOSTILE, "version": HOSTILE, "description": HOSTILE},
        "paths": {f"/{HOSTILE}": {"post": said}},
        "components": {"schemas": {HOSTILE: schema}},
    }
    around = Surroundings(
        base=f"http://{HOSTILE}", dialects={HOSTILE: HOSTILE}, guides={HOSTILE: HOSTILE}
    )
    page = seen(reference_page(document, around))
    assert "script" not in page.tags
    assert "onload" not in page.attributes


async def test_the_requests_that_it_shows_are_accepted(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    found = [one for one in operations(await described(anonymous)) if one.ids[0] in REQUESTS]
    assert len(found) == 2
    for operation in found:
        words = shlex.split(curl(operation, base=BASE))
        answer = await client.post(
            operation.paths[0],
            content=words[words.index("-d") + 1],
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 200, answer.text


async def test_the_upload_that_it_shows_is_accepted(
    anonymous: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    uploads = [curl_upload(one, base=BASE) for one in operations(await described(anonymous))]
    (upload,) = filter(None, uploads)
    words = shlex.split(upload)
    form = dict(part.split("=", 1) for flag, part in pairwise(words) if flag == "-F")
    assert form.pop("input_reference") == "@first-frame.png"
    files = {"input_reference": ("first-frame.png", picture(1280, 720))}
    answer = await client.post("/v1/videos", data=form, files=files)
    assert answer.status_code == 200, answer.text


async def test_the_commands_that_it_shows_reach_their_operations(
    anonymous: httpx2.AsyncClient,
) -> None:
    for operation in operations(await described(anonymous)):
        words = shlex.split(curl(operation, base=BASE))
        url = next(word for word in words if word.startswith(BASE))
        method = (
            words[words.index("-X") + 1] if "-X" in words else "POST" if "-d" in words else "GET"
        )
        assert method == operation.method
        assert "Authorization: Bearer YOUR_API_KEY" in words
        answer = await anonymous.request(method, url.removeprefix(BASE))
        assert answer.status_code == 401, url


async def test_the_answers_that_it_shows_have_their_shapes(anonymous: httpx2.AsyncClient) -> None:
    document = await described(anonymous)
    schemas = document["components"]["schemas"]
    shown = [(name, schema_example(name)) for name in schemas]
    shown += [
        (name, example)
        for operation in operations(document)
        for name, example in answers_of(operation)
    ]
    for name, example in shown:
        assert example is not None, name
        assert set(example) == set(schemas[name]["properties"]), name
        model = getattr(openai_wire, name, None) or getattr(relay_wire, name)
        fields = {
            of.serialization_alias or field: field for field, of in model.model_fields.items()
        }
        model.model_validate({fields[key]: value for key, value in example.items()})


def answers_of(operation: Operation) -> Iterator[tuple[str, Any]]:
    for status, said in operation.answers.items():
        for name in answer_schemas(said):
            example = answer_example if status == "200" else refusal_example
            yield name, example(name, operation)
