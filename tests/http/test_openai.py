"""The openai dialect: the video object, lists, deletes, content, models."""

import re

import httpx2
import pytest

from filmgate.core.catalogue import DEFAULT_MODELS
from filmgate.core.video import Failure
from tests.http.stage import DAY, FILM, SHEET, THUMBNAIL, UNKNOWN, Stage, Traces

KEYS = [
    "id",
    "object",
    "model",
    "status",
    "progress",
    "created_at",
    "completed_at",
    "expires_at",
    "prompt",
    "size",
    "seconds",
    "remixed_from_video_id",
    "error",
]
WAITING_KEYS = [*KEYS, "queue"]
VIDEO_ID = re.compile(r"video_[0-9a-hjkmnp-tv-z]{26}")


async def create(client: httpx2.AsyncClient, **fields: object) -> str:
    answer = await client.post("/v1/videos", json={"prompt": "A lighthouse", **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def test_a_created_video_has_all_its_keys(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/videos", json={"prompt": "A lighthouse"})
    video = answer.json()
    assert list(video) == WAITING_KEYS
    assert VIDEO_ID.fullmatch(video.pop("id"))
    assert isinstance(video.pop("created_at"), int)
    assert video == {
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "completed_at": None,
        "expires_at": None,
        "prompt": "A lighthouse",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
        "queue": {"position": 1, "starts_in_seconds": 4},
    }


async def test_a_waiting_video_says_where_it_stands_and_a_running_one_does_not(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient, stage: Stage
) -> None:
    first, theirs, last = await create(client), await create(stranger), await create(client)

    async def place(wire_id: str) -> object:
        return (await client.get(f"/v1/videos/{wire_id}")).json().get("queue")

    assert await place(last) == {"position": 3, "starts_in_seconds": 12}
    await stage.begin(first)
    assert await place(first) is None
    assert await place(last) == {"position": 2, "starts_in_seconds": 8}
    await stranger.post(f"/v1/videos/{theirs}/cancel")
    assert await place(last) == {"position": 1, "starts_in_seconds": 4}


async def test_another_tag_tells_of_another_place(client: httpx2.AsyncClient, stage: Stage) -> None:
    first, last = await create(client), await create(client)
    tag = {"if-none-match": (await client.get(f"/v1/videos/{last}")).headers["etag"]}
    assert (await client.get(f"/v1/videos/{last}", headers=tag)).status_code == 304
    await stage.begin(first)
    answer = await client.get(f"/v1/videos/{last}", headers=tag)
    assert (answer.status_code, answer.json()["queue"]["position"]) == (200, 1)


async def test_a_remix_says_where_it_stands(client: httpx2.AsyncClient, stage: Stage) -> None:
    source = await create(client)
    await stage.complete(source)
    remix = await client.post(f"/v1/videos/{source}/remix", json={"prompt": "At night"})
    assert remix.json()["queue"]["position"] == 1


async def test_an_answer_that_was_held_back_says_where_the_video_stands_by_then(
    client: httpx2.AsyncClient,
) -> None:
    await create(client)
    answer = await client.post(
        "/v1/videos", json={"prompt": "A lighthouse"}, headers={"prefer": "wait=0"}
    )
    assert answer.json()["queue"]["position"] == 2


async def test_lists_leave_the_place_out(client: httpx2.AsyncClient) -> None:
    await create(client)
    (video,) = (await client.get("/v1/videos")).json()["data"]
    assert list(video) == KEYS


async def test_a_running_video_says_how_far_it_is_and_when_to_ask_again(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.begin(wire_id, percent=42)
    answer = await client.get(f"/v1/videos/{wire_id}")
    assert list(answer.json()) == KEYS
    assert (answer.json()["status"], answer.json()["progress"]) == ("in_progress", 42)
    assert answer.headers["openai-poll-after-ms"] == "2000"


async def test_a_completed_video_says_until_when_and_not_to_ask_again(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id)
    answer = await client.get(f"/v1/videos/{wire_id}")
    video = answer.json()
    assert list(video) == KEYS
    assert (video["status"], video["progress"]) == ("completed", 100)
    assert video["expires_at"] - video["completed_at"] == DAY.total_seconds()
    assert "openai-poll-after-ms" not in answer.headers


async def test_a_failed_video_is_a_200_with_code_and_message(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.fail(wire_id, Failure("engine_timeout", "It took too long."))
    answer = await client.get(f"/v1/videos/{wire_id}")
    assert answer.status_code == 200
    assert answer.json()["status"] == "failed"
    assert answer.json()["error"] == {"code": "engine_timeout", "message": "It took too long."}


async def test_a_cancelled_video_reads_failed_with_its_own_code(
    client: httpx2.AsyncClient,
) -> None:
    wire_id = await create(client)
    answer = await client.post(f"/v1/videos/{wire_id}/cancel")
    assert list(answer.json()) == KEYS
    assert answer.json()["status"] == "failed"
    assert answer.json()["error"]["code"] == "cancelled"


async def test_the_prefix_of_the_id_decides_the_words(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client)
    relay = (await client.get(f"/v1/videos/{wire_id.replace('video_', 'sora_')}")).json()
    openai = (await client.get(f"/v1/videos/{wire_id}")).json()
    assert (relay["object"], openai["object"]) == ("video.generation", "video")
    assert relay["created"] == openai["created_at"]


@pytest.mark.parametrize("base", ["", "/kyyReactApiServer", "/kyyAiPower"])
async def test_every_base_prefix_reaches_the_routes(client: httpx2.AsyncClient, base: str) -> None:
    created = await client.post(f"{base}/v1/videos", json={"prompt": "A lighthouse"})
    read = await client.get(f"{base}/v1/videos/{created.json()['id']}")
    assert read.json() == created.json()


@pytest.mark.parametrize(
    "path", ["/kyyAiPowerful/v1/models", "/kyyAiPower", "/kyyaipower/v1/models"]
)
async def test_what_only_resembles_a_base_prefix_is_none(
    client: httpx2.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_list_is_newest_first_and_in_pages(client: httpx2.AsyncClient) -> None:
    ids = [await create(client) for _ in range(3)]
    first = (await client.get("/v1/videos", params={"limit": 2})).json()
    assert list(first) == ["object", "data", "first_id", "last_id", "has_more"]
    assert first["object"] == "list"
    assert [video["id"] for video in first["data"]] == sorted(ids, reverse=True)[:2]
    assert (first["first_id"], first["last_id"]) == tuple(v["id"] for v in first["data"])
    assert first["has_more"] is True
    second = (await client.get("/v1/videos", params={"after": first["last_id"]})).json()
    assert {v["id"] for v in first["data"] + second["data"]} == set(ids)
    assert second["has_more"] is False


async def test_the_list_can_be_oldest_first(client: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await create(client)
    newest = (await client.get("/v1/videos")).json()
    oldest = (await client.get("/v1/videos", params={"order": "asc"})).json()
    assert oldest["data"] == newest["data"][::-1]


async def test_the_list_shows_the_videos_of_every_dialect_by_their_openai_id(
    client: httpx2.AsyncClient,
) -> None:
    created = await client.post("/sora/videos", json={"model": "sora-2", "prompt": "A cat"})
    listed = (await client.get("/v1/videos")).json()
    assert listed["first_id"] == created.json()["id"].replace("sora_", "video_")


async def test_an_empty_page_has_no_ids(client: httpx2.AsyncClient) -> None:
    await create(client)
    page = (await client.get("/v1/videos", params={"limit": 0})).json()
    assert (page["data"], page["first_id"], page["last_id"]) == ([], None, None)


async def test_the_list_shows_nothing_of_others(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    await create(client)
    assert (await stranger.get("/v1/videos")).json()["data"] == []


async def test_paging_goes_on_behind_a_deleted_video(client: httpx2.AsyncClient) -> None:
    ids = sorted([await create(client) for _ in range(2)])
    await client.delete(f"/v1/videos/{ids[1]}")
    page = (await client.get("/v1/videos", params={"after": ids[1]})).json()
    assert [video["id"] for video in page["data"]] == [ids[0]]


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "many"),
        ("limit", "٣"),
        ("limit", ""),
        ("order", "up"),
        ("after", "sora_abc"),
    ],
)
async def test_a_bad_list_parameter_is_named(
    client: httpx2.AsyncClient, param: str, value: str
) -> None:
    answer = await client.get("/v1/videos", params={param: value})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_value", param)


@pytest.mark.parametrize("prefix", ["video_", "sora_"])
async def test_delete_takes_either_prefix_and_an_empty_json_body(
    client: httpx2.AsyncClient, prefix: str
) -> None:
    wire_id = (await create(client)).replace("video_", prefix)
    answer = await client.delete(
        f"/v1/videos/{wire_id}", headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200
    assert answer.json() == {"id": wire_id, "object": "video.deleted", "deleted": True}
    assert (await client.get(f"/v1/videos/{wire_id}")).status_code == 404


async def test_deleting_takes_the_job_away(client: httpx2.AsyncClient, traces: Traces) -> None:
    await client.delete(f"/v1/videos/{await create(client)}")
    assert (await traces.left())[1] == 0


@pytest.mark.parametrize("prefix", ["video_", "sora_"])
async def test_content_is_the_file(client: httpx2.AsyncClient, stage: Stage, prefix: str) -> None:
    wire_id = (await create(client)).replace("video_", prefix)
    await stage.complete(wire_id)
    answer = await client.get(
        f"/v1/videos/{wire_id}/content", headers={"accept": "application/binary"}
    )
    assert answer.status_code == 200
    assert answer.content == FILM
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == f'attachment; filename="{wire_id}.mp4"'


async def test_content_of_a_waiting_video_is_not_ready(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/v1/videos/{await create(client)}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_ready")


async def test_content_of_a_failed_video_carries_its_code(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.fail(wire_id, Failure("upstream_rejected", "The upstream refused it."))
    answer = await client.get(f"/v1/videos/{wire_id}/content")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "upstream_rejected"
    assert answer.json()["error"]["message"] == "The upstream refused it."


async def test_content_of_a_cancelled_video_says_so(client: httpx2.AsyncClient) -> None:
    wire_id = await create(client)
    await client.post(f"/v1/videos/{wire_id}/cancel")
    answer = await client.get(f"/v1/videos/{wire_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "cancelled")


@pytest.mark.parametrize(
    ("variant", "kind", "content", "extension"),
    [
        ("video", "video/mp4", FILM, "mp4"),
        ("thumbnail", "image/webp", THUMBNAIL, "webp"),
        ("spritesheet", "image/jpeg", SHEET, "jpg"),
    ],
)
@pytest.mark.parametrize("prefix", ["video_", "sora_"])
async def test_each_variant_has_its_own_bytes_type_and_etag(
    prefix: str,
    variant: str,
    kind: str,
    content: bytes,
    extension: str,
    client: httpx2.AsyncClient,
    stage: Stage,
) -> None:
    wire_id = (await create(client)).replace("video_", prefix)
    await stage.complete(wire_id)
    path = f"/v1/videos/{wire_id}/content"
    answer = await client.get(path, params={"variant": variant})
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == kind
    assert f'"{wire_id}.{extension}"' in answer.headers["content-disposition"]
    known = {"if-none-match": answer.headers["etag"]}
    again = await client.get(path, params={"variant": variant}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    other = "thumbnail" if variant == "video" else "video"
    assert (await client.get(path, params={"variant": other}, headers=known)).status_code == 200


@pytest.mark.parametrize("variant", ["poster", "", "VIDEO", "video/mp4"])
async def test_content_we_do_not_have_is_refused_by_name(
    client: httpx2.AsyncClient, stage: Stage, variant: str
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id)
    answer = await client.get(f"/v1/videos/{wire_id}/content", params={"variant": variant})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_value", "variant")
    assert "video, thumbnail, spritesheet" in error["message"]


async def test_a_video_from_before_there_were_pictures_has_none(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id, has_pictures=False)
    path = f"/v1/videos/{wire_id}/content"
    answer = await client.get(path, params={"variant": "thumbnail"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "wire_id", [f"video_{UNKNOWN}", "video_", "abc", UNKNOWN, f"video_{'8' * 26}", "edits"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/videos/{}"),
        ("DELETE", "/v1/videos/{}"),
        ("GET", "/v1/videos/{}/content"),
        ("POST", "/v1/videos/{}/cancel"),
    ],
)
async def test_another_accounts_id_and_an_unknown_one_get_the_same_answer(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient, method: str, path: str, wire_id: str
) -> None:
    others = await stranger.request(method, path.format(await create(client)))
    unknown = await client.request(method, path.format(wire_id))
    assert (others.status_code, others.content) == (unknown.status_code, unknown.content)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "video_not_found")


async def test_the_models_are_those_of_the_catalogue(client: httpx2.AsyncClient) -> None:
    answer = (await client.get("/v1/models")).json()
    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == [model.name for model in DEFAULT_MODELS]
    assert answer["data"][0] == {
        "id": "sora-2",
        "object": "model",
        "created": 0,
        "owned_by": "filmgate",
        "sizes": ["720x1280", "1280x720"],
        "seconds": [4, 8, 10, 12, 15, 16, 20],
        "images": 3,
        "characters": 2,
        "abilities": ["create", "remix", "edit", "extend"],
    }
