"""What happens around every request: ids, log lines, body limits, and faults that nobody foresaw."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from filmgate.core.ports import LocalFile
from filmgate.core.spec import ObjectKey
from filmgate.database.connection import Database
from filmgate.http.app import build_app
from filmgate.http.services import Services
from filmgate.storage.local import LocalObjectStore
from tests.http.stage import UNKNOWN, Stage, Traces

LIMIT = 2_000_000


class BrokenStore(LocalObjectStore):
    """Fails in a way that nobody foresaw."""

    async def locate(self, key: ObjectKey, *, valid_for: timedelta) -> LocalFile:
        raise ZeroDivisionError("the secret inside")


async def create(client: httpx2.AsyncClient) -> httpx2.Response:
    return await client.post("/v1/videos", json={"prompt": "a most private prompt"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/v1/models"),
        ("POST", "/v1/videos"),
        ("GET", "/nothing"),
        ("PUT", "/v1/videos"),
        ("GET", "/files/x.mp4"),
        ("GET", f"/kyyAiPower/v1/result/sora_{UNKNOWN}"),
    ],
)
async def test_every_answer_carries_a_request_id_of_its_own(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    ids = [(await client.request(method, path)).headers["x-request-id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(request_id.startswith("req_") for request_id in ids)


async def test_a_clients_own_request_id_is_given_back(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/nothing", headers={"x-request-id": "trace-1:2.3_4"})
    assert answer.headers["x-request-id"] == "trace-1:2.3_4"


@pytest.mark.parametrize("wanted", ["", "x" * 65, "two words", "n\u00e4me", "<script>"])
async def test_a_request_id_that_could_do_harm_is_replaced(
    client: httpx2.AsyncClient, wanted: str
) -> None:
    headers = [(b"x-request-id", wanted.encode("latin-1"))]
    answer = await client.get("/nothing", headers=headers)
    assert answer.headers["x-request-id"].startswith("req_")


async def test_a_request_is_logged_without_its_secrets(
    client: httpx2.AsyncClient, key: str, stage: Stage
) -> None:
    with capture_logs() as lines:
        wire_id = (await create(client)).json()["id"]
        await stage.complete(wire_id)
        relay = await client.get(f"/v1/result/{wire_id}")
        await client.get(relay.json()["video_url"])
    assert [line["event"] for line in lines] == ["request"] * 3
    assert (lines[0]["method"], lines[0]["path"], lines[0]["status"]) == ("POST", "/v1/videos", 200)
    assert all(line["ms"] > 0 for line in lines)
    text = str(lines)
    assert not [secret for secret in (key, "private prompt", "signature") if secret in text]


async def test_a_path_cannot_forge_a_line_of_the_log(anonymous: httpx2.AsyncClient) -> None:
    with capture_logs() as lines:
        await anonymous.get("/nothing%0Alevel=critical%1b[31m")
    assert lines[0]["path"].isprintable()


async def test_a_link_whose_question_mark_was_encoded_leaves_no_signature_in_the_log(
    anonymous: httpx2.AsyncClient,
) -> None:
    with capture_logs() as lines:
        answer = await anonymous.get("/files/videos/x/1/video.mp4%3Fv=1&signature=Orf9K1L7")
    assert answer.status_code == 403
    assert lines[0]["path"].endswith("signature=…")


async def test_a_fault_of_ours_shows_a_request_id_and_nothing_else(
    client: httpx2.AsyncClient, services: Services, key: str, stage: Stage, tmp_path: Path
) -> None:
    wire_id = (await create(client)).json()["id"]
    await stage.complete(wire_id)
    async with _client(replace(services, store=BrokenStore(tmp_path)), key) as broken:
        with capture_logs() as lines:
            answer = await broken.get(f"/v1/videos/{wire_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert answer.headers["x-request-id"] in answer.json()["error"]["message"]
    assert "secret" not in answer.text
    assert "exc_info" in lines[0]
    assert lines[-1]["status"] == 500


async def test_a_database_that_is_away_is_a_503(services: Services, key: str, dsn: str) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    async with _client(replace(services, database=away), key) as client:
        answer = await client.get("/v1/models")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/sora/videos"])
@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=b"])
async def test_a_body_announced_over_the_limit_is_refused(
    client: httpx2.AsyncClient, traces: Traces, path: str, content_type: str
) -> None:
    body = b" " * (LIMIT + 1)
    answer = await client.post(path, content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert str(LIMIT) in answer.json()["error"]["message"]
    assert await traces.left() == (0, 0, [])


async def test_a_body_is_refused_while_it_streams_over_the_limit(
    client: httpx2.AsyncClient,
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 100_000
            yield b" " * 100_000

    answer = await client.post("/v1/videos", content=endless())
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert sent < 2 * LIMIT


async def test_a_body_of_exactly_the_limit_is_read(client: httpx2.AsyncClient) -> None:
    body = b'{"prompt": "A cat"}'
    answer = await client.post("/v1/videos", content=body + b" " * (LIMIT - len(body)))
    assert answer.status_code == 200


async def test_a_client_that_leaves_before_its_body_came_is_no_fault_of_ours(
    services: Services, key: str
) -> None:
    sent: list[object] = []

    async def leave() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/videos",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {key}".encode())],
    }
    with capture_logs() as lines:
        await build_app(services)(scope, leave, send)
    assert sent == []
    assert [line["log_level"] for line in lines] == ["info", "info"]


async def test_a_connection_that_is_closed_under_an_answer_is_no_fault_of_ours(
    services: Services,
) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        raise RuntimeError("the handler is closed")

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/videos",
        "query_string": b"",
        "headers": [],
    }
    with capture_logs() as lines:
        await build_app(services)(scope, receive, send)
    assert [line["log_level"] for line in lines] == ["info", "info"]


async def test_a_request_that_a_stopping_server_ends_may_be_sent_again(
    services: Services, key: str
) -> None:
    """An upload that does not come to its end, cancelled as the server cancels it."""
    has_begun = asyncio.Event()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, object]:
        has_begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/videos",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {key}".encode())],
    }
    async with asyncio.TaskGroup() as life:
        request = life.create_task(answered(build_app(services), scope, receive, send))
        await has_begun.wait()
        request.cancel()
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"5") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["error"]["code"] == "service_unavailable"


async def answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


async def test_many_requests_at_once_keep_their_own_ids(client: httpx2.AsyncClient) -> None:
    wanted = [f"r{number}" for number in range(20)]
    answers = await asyncio.gather(
        *(client.get("/healthz", headers={"x-request-id": each}) for each in wanted)
    )
    assert [answer.headers["x-request-id"] for answer in answers] == wanted


def _client(services: Services, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(build_app(services)),
        base_url="http://filmgate.test",
        headers={"authorization": f"Bearer {key}"},
    )
