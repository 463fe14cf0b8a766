"""What every answer tells a browser not to do with it."""

import re
from base64 import b64encode
from hashlib import sha256

import httpx2
import pytest

from filmgate.http.app import endpoints_of
from filmgate.http.services import Services
from tests.http.stage import UNKNOWN, Stage

HARMLESS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
CONTAINED = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}


def told(answer: httpx2.Response, *names: str) -> dict[str, str]:
    return {name: answer.headers.get(name, "") for name in names}


@pytest.mark.parametrize("has_key", [True, False])
async def test_every_route_says_so_whatever_it_answers(
    client: httpx2.AsyncClient,
    anonymous: httpx2.AsyncClient,
    services: Services,
    *,
    has_key: bool,
) -> None:
    for endpoint in endpoints_of(services):
        path = endpoint.path
        if path == "/v1/events" and has_key:
            continue  # it never ends: see below
        url = re.sub(r"\{[^}]*\}", f"video_{UNKNOWN}", path)
        answer = await (client if has_key else anonymous).request(endpoint.method, url)
        assert told(answer, *HARMLESS) == HARMLESS, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["cache-control"], path


@pytest.mark.parametrize("path", ["/nothing", "/v1/videos/%00", "/kyyAiPower/v1/nothing"])
async def test_so_do_the_answers_of_no_route(anonymous: httpx2.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path)
    assert told(answer, *HARMLESS, *CONTAINED) == HARMLESS | CONTAINED
    assert answer.headers["cache-control"] == "no-store"


async def test_what_has_an_etag_may_be_kept_as_long_as_we_are_asked(
    client: httpx2.AsyncClient,
) -> None:
    wire_id = (await client.post("/v1/videos", json={"prompt": "A cat"})).json()["id"]
    answer = await client.get(f"/v1/videos/{wire_id}")
    assert "etag" in answer.headers
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_film_keeps_its_own_headers_and_can_be_shown(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = (await client.post("/v1/videos", json={"prompt": "A cat"})).json()["id"]
    await stage.complete(wire_id)
    link = (await client.get(f"/v1/result/{wire_id}")).json()["video_url"]
    answer = await client.get(link)
    assert told(answer, *HARMLESS) == HARMLESS
    assert told(answer, *CONTAINED) == dict.fromkeys(CONTAINED, "")
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert len(answer.headers.get_list("x-content-type-options")) == 1


async def test_the_reference_page_allows_its_own_style_and_nothing_else(
    anonymous: httpx2.AsyncClient,
) -> None:
    answer = await anonymous.get("/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert not re.findall(r"<script|\sstyle=|\son\w+=|javascript:", answer.text)
