"""A real server tells a real receiver that a video is finished, and the receiver can believe it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.e2e.server import Process, Relay, serving
from tests.scripted_server import Reply, ScriptedServer

TINY = ("--speed", "tiny")
DEADLINE_SECONDS = 30


@pytest.fixture
def receiver() -> Iterator[ScriptedServer]:
    with ScriptedServer() as receiver:
        yield receiver


def add(relay: Relay, url: str) -> dict[str, Any]:
    answer = relay.http.post("/v1/webhooks", json={"url": url})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def delivered(relay: Relay, webhook_id: str) -> dict[str, Any]:
    """The endpoint's only delivery, once it has ended well."""
    ended = time.monotonic() + DEADLINE_SECONDS
    while True:
        data = relay.http.get(f"/v1/webhooks/{webhook_id}/deliveries").json()["data"]
        if data and data[0]["status"] == "delivered":
            assert len(data) == 1
            only: dict[str, Any] = data[0]
            return only
        assert time.monotonic() < ended, data
        time.sleep(0.05)


def test_a_finished_video_is_told_signed_and_again_after_a_failure(
    folder: Path, receiver: ScriptedServer
) -> None:
    receiver.on("POST", "/hook", Reply(500), Reply(204))
    allowed = {"FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true"}
    with serving(folder, *TINY, **allowed) as (server, relay):
        webhook = add(relay, f"{receiver.url}/hook")
        video_id = relay.create()
        delivery = delivered(relay, webhook["id"])
        log = server.log()
    first, second = receiver.received
    for request in (first, second):
        event = Webhook(webhook["secret"]).verify(request.body, dict(request.headers))
        assert event == delivery["event"] == json.loads(first.body)
    assert event["type"] == "video.completed"
    assert event["data"]["id"] == video_id.replace("sora_", "video_")
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == event["id"]
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 204]
    assert "Traceback" not in log
    assert webhook["secret"] not in log


def test_a_worker_of_its_own_tells_of_what_the_api_has_done(
    folder: Path, receiver: ScriptedServer
) -> None:
    receiver.on("POST", "/hook", Reply(200))
    allowed = {"FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true"}
    with serving(folder, "--no-worker", **allowed) as (_, relay):
        webhook = add(relay, f"{receiver.url}/hook")
        video_id = relay.create()
        assert relay.http.post(f"/v1/videos/{video_id}/cancel").status_code == 200
        assert receiver.received == []
        with Process(folder, "worker", *TINY, **allowed):
            delivery = delivered(relay, webhook["id"])
    assert delivery["event"]["type"] == "video.failed"


def test_loopback_is_refused_unless_the_operator_allows_it(folder: Path) -> None:
    with serving(folder, *TINY) as (_, relay):
        answer = relay.http.post("/v1/webhooks", json={"url": "http://127.0.0.1:8080/hook"})
    assert answer.status_code == 400
    assert "a loopback address" in answer.json()["error"]["message"]
