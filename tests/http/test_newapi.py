"""The newapi dialect: one address for create and query, and every name under which clients know a field."""

import base64
import json
import re
from typing import Any

import httpx2
import pytest

from filmgate.core import errors
from filmgate.core.video import Dialect, Failure
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.http.dialects.newapi import errors as newapi_errors
from filmgate.http.errors import refusal_of
from filmgate.http.ids import parse_id
from tests.http.stage import UNKNOWN, Stage, Traces, Web, picture

PATH = "/v1/video/generations"
CREATE: dict[str, Any] = {"model": "sora-2", "prompt": "A cat dancing in the rain"}
VIDEO_ID = re.compile(r"video_[0-9a-hjkmnp-tv-z]{26}")
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def create(client: httpx2.AsyncClient, **fields: object) -> str:
    answer = await client.post(PATH, json={**CREATE, **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def metadata_of(client: httpx2.AsyncClient, **fields: object) -> Any:
    wire_id = await create(client, **fields)
    return (await client.get(f"{PATH}/{wire_id}")).json()["metadata"]


async def refusal(client: httpx2.AsyncClient, **fields: object) -> tuple[int, str, str]:
    answer = await client.post(PATH, json={**CREATE, **fields})
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    return answer.status_code, error["code"], error["param"]


@pytest.mark.parametrize("base", ["", "/kyyReactApiServer", "/kyyAiPower"])
async def test_a_created_video_is_queued_under_both_names_of_its_id(
    client: httpx2.AsyncClient, traces: Traces, base: str
) -> None:
    answer = await client.post(base + PATH, json=CREATE)
    body = answer.json()
    assert answer.status_code == 200
    assert list(body) == ["id", "task_id", "status", "created_at"]
    assert VIDEO_ID.fullmatch(body["id"])
    assert (body["task_id"], body["status"]) == (body["id"], "queued")
    assert type(body["created_at"]) is int
    assert await traces.left() == (1, 1, [])


async def test_a_created_video_remembers_its_dialect(
    client: httpx2.AsyncClient, database: Database
) -> None:
    wire_id = await create(client)
    async with database.connection() as connection:
        video = await videos.find(connection, parse_id(wire_id))
    assert video is not None
    assert video.dialect is Dialect.NEWAPI


async def test_a_waiting_video_has_all_keys_and_no_link(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client, width=1280, height=720, duration=8, seed=7)
    assert (await client.get(f"{PATH}/{wire_id}")).json() == {
        "id": wire_id,
        "task_id": wire_id,
        "status": "queued",
        "progress": 0,
        "url": None,
        "video_url": None,
        "format": "mp4",
        "metadata": {"duration": 8, "fps": 24, "width": 1280, "height": 720, "seed": 7},
        "error": None,
    }


async def test_a_running_video_tells_its_progress(client: httpx2.AsyncClient, stage: Stage) -> None:
    wire_id = await create(client)
    await stage.begin(wire_id, percent=40)
    body = (await client.get(f"{PATH}/{wire_id}")).json()
    assert (body["status"], body["progress"], body["url"]) == ("in_progress", 40, None)


async def test_a_completed_video_has_its_link_under_both_names(
    client: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id, duration=8.0416666)
    body = (await client.get(f"{PATH}/{wire_id}")).json()
    assert (body["status"], body["progress"], body["error"]) == ("completed", 100, None)
    assert body["metadata"]["duration"] == 8.042
    assert body["url"] == body["video_url"]
    film = await anonymous.get(body["url"])
    assert (film.status_code, film.headers["content-type"]) == (200, "video/mp4")


async def test_a_measured_duration_that_is_whole_is_written_as_such(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id, duration=8.0)
    assert '"duration":8,' in (await client.get(f"{PATH}/{wire_id}")).text


async def test_a_failed_video_is_a_200_with_code_and_message(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.fail(wire_id, Failure("engine_failed", "The engine ran out of paint."))
    answer = await client.get(f"{PATH}/{wire_id}")
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["error"] == {
        "code": "engine_failed",
        "message": "The engine ran out of paint.",
    }


async def test_a_cancelled_video_reads_failed(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client)
    await client.post(f"/v1/videos/{wire_id}/cancel")
    body = (await client.get(f"{PATH}/{wire_id}")).json()
    assert (body["status"], body["error"]["code"]) == ("failed", "cancelled")


@pytest.mark.parametrize("prefix", ["video_", "sora_"])
async def test_either_prefix_is_understood_and_repeated(
    client: httpx2.AsyncClient, prefix: str
) -> None:
    asked = prefix + (await create(client)).removeprefix("video_")
    body = (await client.get(f"{PATH}/{asked}")).json()
    assert (body["id"], body["task_id"]) == (asked, asked)


async def test_the_video_of_another_dialect_can_be_asked_for(client: httpx2.AsyncClient) -> None:
    relay = await client.post(
        "/v1/sora/videos", json={"model": "openAiSora2Plus", "prompt": "A cat"}
    )
    wire_id = relay.json()["id"]
    assert (await client.get(f"{PATH}/{wire_id}")).json()["id"] == wire_id


@pytest.mark.parametrize("duration", [8, 8.0, "8", "8.0"])
@pytest.mark.parametrize("name", ["duration", "seconds"])
async def test_a_length_is_read_however_it_is_written(
    client: httpx2.AsyncClient, name: str, duration: object
) -> None:
    assert (await metadata_of(client, **{name: duration}))["duration"] == 8


@pytest.mark.parametrize(
    "fields",
    [
        {"width": 1280, "height": 720},
        {"width": "1280", "height": "720"},
        {"size": "1280x720"},
        {"aspect_ratio": "16:9"},
    ],
)
async def test_a_size_is_read_however_it_is_written(
    client: httpx2.AsyncClient, fields: dict[str, object]
) -> None:
    metadata = await metadata_of(client, **fields)
    assert (metadata["width"], metadata["height"]) == (1280, 720)


async def test_what_a_video_has_unless_told_otherwise(client: httpx2.AsyncClient) -> None:
    answer = await client.post(PATH, json={"prompt": "A cat"})
    body = (await client.get(f"{PATH}/{answer.json()['id']}")).json()
    assert {**body["metadata"], "seed": None} == {
        "duration": 4,
        "fps": 24,
        "width": 720,
        "height": 1280,
        "seed": None,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"fps": 24},
        {"fps": 24.0},
        {"fps": "24"},
        {"n": 1},
        {"n": "1"},
        {"response_format": "url"},
        {"user": "somebody", "metadata": {"style": "noir", "fps": 60, "n": 4}},
        {"user": 7, "metadata": "text"},
        {"mode": "pro", "quality": "high"},
        {"image": "", "images": [], "width": None, "fps": None, "response_format": None},
    ],
)
async def test_what_changes_nothing_is_accepted(
    client: httpx2.AsyncClient, fields: dict[str, object]
) -> None:
    assert (await metadata_of(client, **fields))["fps"] == 24


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"fps": 30}, "fps"),
        ({"fps": 24.5}, "fps"),
        ({"fps": "fast"}, "fps"),
        ({"fps": True}, "fps"),
        ({"n": 2}, "n"),
        ({"n": 0}, "n"),
        ({"response_format": "b64_json"}, "response_format"),
        ({"duration": 5}, "duration"),
        ({"duration": 8.5}, "duration"),
        ({"duration": "8.50"}, "duration"),
        ({"duration": 8, "seconds": 8}, "seconds"),
        ({"width": 1280}, "height"),
        ({"height": 720}, "width"),
        ({"width": 640, "height": 480}, "width"),
        ({"width": "wide", "height": 720}, "width"),
        ({"width": 1280, "height": 720, "size": "1280x720"}, "width"),
        ({"width": 1280, "height": 720, "aspect_ratio": "16:9"}, "width"),
        ({"size": "640x480"}, "size"),
        ({"image": "aGk=", "images": ["aGk="]}, "image"),
        ({"images": ["aGk="], "input_reference": "aGk="}, "images"),
        ({"image": ["a", "b", "c", "d"]}, "image"),
        ({"image": 7}, "image"),
        ({"seed": -1}, "seed"),
        ({"prompt": " "}, "prompt"),
        ({"prompt": None}, "prompt"),
    ],
)
async def test_what_cannot_be_made_is_refused_and_named(
    client: httpx2.AsyncClient, traces: Traces, fields: dict[str, object], param: str
) -> None:
    assert await refusal(client, **fields) == (400, "invalid_value", param)
    assert await traces.left() == (0, 0, [])


async def test_a_size_that_is_not_made_is_told_what_is(client: httpx2.AsyncClient) -> None:
    answer = await client.post(PATH, json={**CREATE, "width": 640, "height": 480})
    message = answer.json()["error"]["message"]
    assert "640x480" in message
    assert "1280x720" in message


async def test_an_unknown_model_is_refused(client: httpx2.AsyncClient) -> None:
    assert await refusal(client, model="sora-9") == (400, "model_not_found", "model")


@pytest.mark.parametrize("name", ["image", "images", "input_reference", "image_urls"])
async def test_a_picture_is_taken_from_wherever_it_is(
    client: httpx2.AsyncClient, web: Web, traces: Traces, name: str
) -> None:
    web.pages["https://example.com/first.png"] = picture(1280, 720)
    await create(client, **{name: "https://example.com/first.png"}, width=1280, height=720)
    assert await traces.left() == (1, 1, ["0.webp"])


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
async def test_a_picture_is_taken_as_text(
    client: httpx2.AsyncClient, traces: Traces, prefix: str
) -> None:
    await create(client, image=prefix + base64.b64encode(picture()).decode())
    assert await traces.left() == (1, 1, ["0.webp"])


async def test_a_picture_is_taken_as_a_file(client: httpx2.AsyncClient, traces: Traces) -> None:
    form = {**CREATE, "duration": 8.0, "n": 1, "metadata[style]": "noir"}
    files = {"image": ("first.png", picture(), "image/png")}
    answer = await client.post(PATH, data=form, files=files)
    assert answer.status_code == 200, answer.text
    assert await traces.left() == (1, 1, ["0.webp"])


async def test_a_bad_picture_is_blamed_on_its_own_field(
    client: httpx2.AsyncClient, traces: Traces
) -> None:
    small = base64.b64encode(picture(64, 64)).decode()
    assert await refusal(client, image=small) == (400, "image_size_mismatch", "image")
    nowhere = "https://example.com/nowhere.png"
    assert await refusal(client, images=[nowhere]) == (400, "image_unreachable", "images")
    assert await traces.left() == (0, 0, [])


async def test_an_urlencoded_form_is_read(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        PATH, content="prompt=A+cat&duration=8&width=1280&height=720", headers=FORM
    )
    assert answer.status_code == 200, answer.text


async def test_a_create_that_waits_is_answered_as_a_query(
    client: httpx2.AsyncClient,
) -> None:
    created = await client.post(PATH, json=CREATE, headers={"prefer": "wait=0"})
    queried = await client.get(f"{PATH}/{created.json()['id']}")
    assert created.json() == queried.json()
    assert created.headers["preference-applied"] == "wait=0"


async def test_a_query_that_would_say_the_same_again_says_so(client: httpx2.AsyncClient) -> None:
    path = f"{PATH}/{await create(client)}"
    etag = (await client.get(path)).headers["etag"]
    again = await client.get(path, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("wire_id", [f"video_{UNKNOWN}", f"task_{UNKNOWN}", "x", "video_.."])
async def test_an_unknown_id_is_not_found(client: httpx2.AsyncClient, wire_id: str) -> None:
    answer = await client.get(f"{PATH}/{wire_id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_found")


async def test_another_accounts_video_is_not_there(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    others = await client.get(f"{PATH}/{await create(stranger)}")
    unknown = await client.get(f"{PATH}/video_{UNKNOWN}")
    assert (others.status_code, others.content) == (unknown.status_code, unknown.content)


@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("GET", f"{PATH}/video_{UNKNOWN}")])
async def test_a_key_is_needed(anonymous: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await anonymous.request(method, path, json=CREATE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/x"])
async def test_a_wrong_method_is_told_in_the_openai_envelope(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.put(path)
    assert answer.status_code == 405
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    "error",
    [errors.InvalidRequest("fps", "?"), errors.VideoNotFound(), errors.Unauthenticated("?")],
)
def test_an_error_is_written_in_the_openai_envelope(error: errors.FilmgateError) -> None:
    body = json.loads(newapi_errors.write(refusal_of(error)))
    assert body == {
        "error": {
            "message": error.message,
            "type": refusal_of(error).type,
            "param": getattr(error, "param", None),
            "code": error.code,
        }
    }
