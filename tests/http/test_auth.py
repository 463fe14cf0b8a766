"""Who may call: every route but the public ones wants a bearer key."""

import httpx2
import pytest

from filmgate.http.services import Services
from filmgate.usecases import accounts
from tests.http.stage import UNKNOWN, Traces

PRIVATE = [
    ("POST", "/v1/sora/videos"),
    ("POST", "/sora/videos"),
    ("GET", f"/v1/result/sora_{UNKNOWN}"),
    ("GET", f"/v1/videos/sora_{UNKNOWN}"),
    ("POST", f"/v1/videos/sora_{UNKNOWN}/cancel"),
    ("POST", "/v1/videos"),
    ("GET", "/v1/videos"),
    ("GET", f"/v1/videos/video_{UNKNOWN}"),
    ("DELETE", f"/v1/videos/video_{UNKNOWN}"),
    ("GET", f"/v1/videos/video_{UNKNOWN}/content"),
    ("HEAD", f"/v1/videos/video_{UNKNOWN}/content"),
    ("POST", f"/v1/videos/video_{UNKNOWN}/cancel"),
    ("GET", "/v1/models"),
]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
async def test_without_a_key_nothing_is_answered(
    anonymous: httpx2.AsyncClient, traces: Traces, method: str, path: str
) -> None:
    answer = await anonymous.request(method, path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    if method != "HEAD":
        assert answer.json()["error"]["code"] == "invalid_api_key"
    assert await traces.left() == (0, 0, [])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "sk-fg-naked",
        "Bearer one two",
        "Bearer sk-fg-mistyped",
        "Bearer an-unknown-key",
        "Bearer Schl\u00fcssel-f\u00fcr-alles",
        f"Bearer {'x' * 5_000}",
    ],
)
async def test_what_is_no_key_of_ours_is_refused(
    anonymous: httpx2.AsyncClient, header: str
) -> None:
    headers = [(b"authorization", header.encode("latin-1"))]
    answer = await anonymous.get("/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert "x" * 100 not in answer.text


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {} "])
async def test_the_scheme_may_be_written_in_any_case(
    anonymous: httpx2.AsyncClient, key: str, form: str
) -> None:
    answer = await anonymous.get("/v1/models", headers={"authorization": form.format(key)})
    assert answer.status_code == 200


async def test_a_revoked_key_opens_nothing(client: httpx2.AsyncClient, services: Services) -> None:
    ((_, kept),) = await accounts.list_keys(services.database)
    await accounts.revoke_key(services.database, kept.id)
    assert (await client.get("/v1/models")).status_code == 401


async def test_the_refusal_says_what_the_header_should_be(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/v1/models")
    assert "Authorization: Bearer" in answer.json()["error"]["message"]
