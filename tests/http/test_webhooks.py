"""Webhook endpoints over HTTP: their life, their log, and what strangers learn of them."""

import asyncio
from base64 import b64decode
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from filmgate.core.webhook import DeliveryAttempt, EndpointId, Schedule
from filmgate.database import deliveries as rows
from filmgate.database.connection import Database
from filmgate.usecases import deliveries

URL = "https://hooks.example/filmgate"
WEBHOOKS = "/v1/webhooks"
UNKNOWN = "0" * 26


async def added(client: httpx2.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post(WEBHOOKS, json={"url": URL} | fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def end_a_video(client: httpx2.AsyncClient) -> str:
    video_id = (await client.post("/v1/videos", json={"prompt": "A cat"})).json()["id"]
    answer = await client.post(f"/v1/videos/{video_id}/cancel")
    assert answer.status_code == 200
    return str(video_id)


async def attempt_all(database: Database, status: int | None) -> None:
    """A worker's hand: everything that is due gets this answer."""
    async with database.connection() as connection:
        due = await rows.claim(
            connection,
            busy={},
            most=100,
            most_each=100,
            behind=EndpointId(""),
            hold_for=timedelta(minutes=1),
        )
    for held in due:
        error = None if status == 200 else f"status {status}"
        attempt = DeliveryAttempt(
            at=held.held_at, status_code=status, error=error, duration=timedelta(milliseconds=12)
        )
        await deliveries.note(database, held, attempt, schedule=Schedule())


async def log(client: httpx2.AsyncClient, webhook_id: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"{WEBHOOKS}/{webhook_id}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_new_endpoint_is_answered_with_its_secret(client: httpx2.AsyncClient) -> None:
    created = await added(client)
    secret = created.pop("secret")
    assert secret.startswith("whsec_")
    assert len(b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert created["id"].startswith("we_")
    assert {key: created[key] for key in created if key not in ("id", "created_at")} == {
        "object": "webhook_endpoint",
        "url": URL,
        "events": ["video.completed", "video.failed"],
        "status": "enabled",
        "disabled_reason": None,
    }


async def test_the_secret_is_not_shown_again(client: httpx2.AsyncClient) -> None:
    created = await added(client)
    without = {key: value for key, value in created.items() if key != "secret"}
    assert (await client.get(f"{WEBHOOKS}/{created['id']}")).json() == without
    assert (await client.get(WEBHOOKS)).json() == {
        "object": "list",
        "data": [without],
        "has_more": False,
    }


async def test_a_rotation_answers_with_another_secret(client: httpx2.AsyncClient) -> None:
    created = await added(client)
    rotated = (await client.post(f"{WEBHOOKS}/{created['id']}/rotate")).json()
    assert rotated["secret"] != created["secret"]
    assert rotated | {"secret": ""} == created | {"secret": ""}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["video.failed"], ["video.failed"]),
        ("video.completed", ["video.completed"]),
        (["video.failed", "video.failed"], ["video.failed"]),
        ([], ["video.completed", "video.failed"]),
        (None, ["video.completed", "video.failed"]),
    ],
)
async def test_an_endpoint_gets_the_events_that_it_asks_for(
    client: httpx2.AsyncClient, sent: object, kept: list[str]
) -> None:
    assert (await added(client, events=sent))["events"] == kept


async def test_an_endpoint_can_be_added_by_a_form(client: httpx2.AsyncClient) -> None:
    answer = await client.post(WEBHOOKS, data={"url": URL, "events[]": "video.failed"})
    assert answer.json()["events"] == ["video.failed"]


async def test_the_same_address_may_be_added_twice(client: httpx2.AsyncClient) -> None:
    first, second = await added(client), await added(client)
    assert first["id"] != second["id"]
    assert first["secret"] != second["secret"]


@pytest.mark.parametrize(
    ("body", "param", "reason"),
    [
        ({}, "url", "url is missing"),
        ({"url": ""}, "url", "url is missing"),
        ({"url": 7}, "url", "must be text"),
        ({"url": "hooks.example"}, "url", "use http or https"),
        ({"url": "ftp://hooks.example/"}, "url", "use http or https"),
        ({"url": "https://u:p@hooks.example/"}, "url", "user name or password"),
        ({"url": "https://hooks.example:22/"}, "url", "Port 22"),
        ({"url": "http://127.0.0.1/"}, "url", "a loopback address"),
        ({"url": "http://localhost/"}, "url", "a loopback address"),
        ({"url": "http://[::1]/"}, "url", "a loopback address"),
        ({"url": "http://10.1.2.3/"}, "url", "a private address"),
        ({"url": "http://169.254.169.254/"}, "url", "metadata"),
        ({"url": "http://2130706433/"}, "url", "neither a plain host name"),
        ({"url": "https://hooks.example/\0"}, "url", "not a URL"),
        ({"url": f"https://hooks.example/{'x' * 2048}"}, "url", "at most 2048"),
        ({"url": URL, "events": ["video.started"]}, "events", "is not one of: video.completed"),
        ({"url": URL, "events": [7]}, "events", "an array of texts"),
        ({"url": URL, "events": ["video.failed"] * 17}, "events", "too many"),
    ],
)
async def test_what_cannot_be_used_is_refused_and_named(
    client: httpx2.AsyncClient, body: dict[str, object], param: str, reason: str
) -> None:
    answer = await client.post(WEBHOOKS, json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, "invalid_value")
    assert reason in error["message"]
    assert (await client.get(WEBHOOKS)).json()["data"] == []


async def test_the_seventeenth_endpoint_is_refused(client: httpx2.AsyncClient) -> None:
    for _ in range(16):
        await added(client)
    answer = await client.post(WEBHOOKS, json={"url": URL})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


async def test_a_deleted_endpoint_is_gone(client: httpx2.AsyncClient) -> None:
    webhook_id = (await added(client))["id"]
    deleted = await client.delete(f"{WEBHOOKS}/{webhook_id}")
    assert deleted.json() == {
        "id": webhook_id,
        "object": "webhook_endpoint.deleted",
        "deleted": True,
    }
    assert (await client.get(f"{WEBHOOKS}/{webhook_id}")).status_code == 404
    assert (await client.delete(f"{WEBHOOKS}/{webhook_id}")).status_code == 404


async def test_the_log_shows_what_was_sent_and_what_came_of_it(
    client: httpx2.AsyncClient, database: Database
) -> None:
    webhook_id = (await added(client))["id"]
    video_id = await end_a_video(client)
    await attempt_all(database, 200)
    body = await log(client, webhook_id)
    (delivery,) = body["data"]
    assert body == {
        "object": "list",
        "data": [delivery],
        "first_id": delivery["id"],
        "last_id": delivery["id"],
        "has_more": False,
    }
    assert delivery["id"].startswith("whd_")
    assert delivery["event"]["type"] == "video.failed"
    assert delivery["event"]["data"] == {"id": video_id}
    (attempt,) = delivery["attempts"]
    assert attempt == {"at": attempt["at"], "status_code": 200, "error": None, "duration_ms": 12}
    ended = (delivery["status"], delivery["next_attempt_at"], delivery["failure"])
    assert ended == ("delivered", None, None)


async def test_a_failed_attempt_tells_when_the_next_is_due(
    client: httpx2.AsyncClient, database: Database
) -> None:
    webhook_id = (await added(client))["id"]
    await end_a_video(client)
    await attempt_all(database, None)
    (delivery,) = (await log(client, webhook_id))["data"]
    assert delivery["status"] == "pending"
    (attempt,) = delivery["attempts"]
    assert (attempt["status_code"], attempt["error"]) == (None, "status None")
    assert 4 <= delivery["next_attempt_at"] - attempt["at"] <= 6


async def test_the_log_is_paged(client: httpx2.AsyncClient) -> None:
    webhook_id = (await added(client))["id"]
    made = []
    for _ in range(3):
        made.append(await end_a_video(client))
        await asyncio.sleep(0.002)  # ids of one millisecond have no order among themselves
    first = await log(client, webhook_id, limit=2)
    second = await log(client, webhook_id, limit=2, after=first["last_id"])
    seen = [one["event"]["data"]["id"] for one in (*first["data"], *second["data"])]
    assert seen == made[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)


@pytest.mark.parametrize(
    ("query", "param"),
    [({"limit": "101"}, "limit"), ({"limit": "-1"}, "limit"), ({"after": "x"}, "after")],
)
async def test_a_bad_page_is_refused(
    client: httpx2.AsyncClient, query: dict[str, str], param: str
) -> None:
    webhook_id = (await added(client))["id"]
    answer = await client.get(f"{WEBHOOKS}/{webhook_id}/deliveries", params=query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_a_delivery_can_be_replayed(client: httpx2.AsyncClient, database: Database) -> None:
    webhook_id = (await added(client))["id"]
    await end_a_video(client)
    await attempt_all(database, 200)
    (delivery,) = (await log(client, webhook_id))["data"]
    replayed = await client.post(f"{WEBHOOKS}/deliveries/{delivery['id']}/replay")
    assert replayed.status_code == 200
    assert replayed.json()["status"] == "pending"
    assert replayed.json()["attempts"] == delivery["attempts"]
    await attempt_all(database, 200)
    (delivery,) = (await log(client, webhook_id))["data"]
    assert (delivery["status"], len(delivery["attempts"])) == ("delivered", 2)


async def test_a_disabled_endpoint_says_why_and_can_be_enabled(
    client: httpx2.AsyncClient, database: Database
) -> None:
    webhook_id = (await added(client))["id"]
    await end_a_video(client)
    await attempt_all(database, 410)
    disabled = (await client.get(f"{WEBHOOKS}/{webhook_id}")).json()
    assert disabled["status"] == "disabled"
    assert "410" in disabled["disabled_reason"]
    (delivery,) = (await log(client, webhook_id))["data"]
    refused = await client.post(f"{WEBHOOKS}/deliveries/{delivery['id']}/replay")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    enabled = (await client.post(f"{WEBHOOKS}/{webhook_id}/enable")).json()
    assert (enabled["status"], enabled["disabled_reason"]) == ("enabled", None)
    again = await client.post(f"{WEBHOOKS}/deliveries/{delivery['id']}/replay")
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/enable"),
        ("GET", "/deliveries"),
    ],
)
async def test_anothers_endpoint_is_as_unknown_as_none(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient, method: str, path: str
) -> None:
    webhook_id = (await added(client))["id"]
    answers = [
        await stranger.request(method, f"{WEBHOOKS}/{asked}{path}")
        for asked in (webhook_id, f"we_{UNKNOWN}", "we_nonsense", webhook_id.removeprefix("we_"))
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["error"]["code"] for answer in answers} == {"webhook_not_found"}
    assert len({answer.text for answer in answers}) == 1
    assert (await stranger.get(WEBHOOKS)).json()["data"] == []


async def test_anothers_delivery_is_as_unknown_as_none(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    webhook_id = (await added(client))["id"]
    await end_a_video(client)
    (delivery,) = (await log(client, webhook_id))["data"]
    answers = [
        await stranger.post(f"{WEBHOOKS}/deliveries/{asked}/replay")
        for asked in (delivery["id"], f"whd_{UNKNOWN}", "nonsense")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["error"]["code"] for answer in answers} == {"delivery_not_found"}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("GET", ""),
        ("GET", f"/we_{UNKNOWN}"),
        ("POST", f"/we_{UNKNOWN}/rotate"),
        ("POST", f"/deliveries/whd_{UNKNOWN}/replay"),
    ],
)
async def test_nothing_is_told_without_a_key(
    anonymous: httpx2.AsyncClient, method: str, path: str
) -> None:
    assert (await anonymous.request(method, WEBHOOKS + path)).status_code == 401
