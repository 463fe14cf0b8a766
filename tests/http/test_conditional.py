"""Query answers name their state, and are not sent again to a client that has them."""

import httpx2
import pytest

from tests.http.stage import Stage

PATHS = (
    "/v1/videos/video_{}",
    "/v1/videos/sora_{}",
    "/v1/result/sora_{}",
    "/v1/video/generations/video_{}",
)


async def create(client: httpx2.AsyncClient) -> str:
    """The id without a prefix."""
    answer = await client.post("/v1/videos", json={"prompt": "A cat"})
    return str(answer.json()["id"]).removeprefix("video_")


@pytest.mark.parametrize("path", PATHS)
async def test_what_the_client_has_is_not_sent_again(client: httpx2.AsyncClient, path: str) -> None:
    address = path.format(await create(client))
    first = await client.get(address)
    again = await client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    for name in ("etag", "openai-poll-after-ms", "retry-after", "cache-control"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("path", PATHS)
async def test_another_state_is_sent_under_another_tag(
    client: httpx2.AsyncClient, stage: Stage, path: str
) -> None:
    video_id = await create(client)
    before = await client.get(path.format(video_id))
    await stage.complete(f"video_{video_id}")
    headers = {"if-none-match": before.headers["etag"]}
    after = await client.get(path.format(video_id), headers=headers)
    assert after.status_code == 200
    assert after.json()["status"] == "completed"
    assert after.headers["etag"] != before.headers["etag"]


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("{}", 304),
        ("W/{}", 304),
        ('"other", {}', 304),
        ('"other",W/{} , "third"', 304),
        ("*", 304),
        (" * ", 304),
        ('"other"', 200),
        ("no tag at all", 200),
        ("", 200),
    ],
)
async def test_the_header_may_be_written_in_many_ways(
    client: httpx2.AsyncClient, written: str, status: int
) -> None:
    address = f"/v1/videos/video_{await create(client)}"
    etag = (await client.get(address)).headers["etag"]
    headers = {"if-none-match": written.replace("{}", etag)}
    assert (await client.get(address, headers=headers)).status_code == status


async def test_tags_are_strong_and_may_not_be_trusted_blindly(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/v1/videos/video_{await create(client)}")
    assert answer.headers["etag"].startswith('"')
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_only_unfinished_videos_say_when_to_ask_again(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    video_id = await create(client)
    waiting = await client.get(f"/v1/videos/video_{video_id}")
    await stage.complete(f"video_{video_id}")
    finished = await client.get(f"/v1/videos/video_{video_id}")
    assert waiting.headers["openai-poll-after-ms"] == "2000"
    assert waiting.headers["retry-after"] == "2"
    assert not {"openai-poll-after-ms", "retry-after"} & set(finished.headers)


async def test_a_create_is_never_unchanged(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/v1/videos", json={"prompt": "A cat"}, headers={"if-none-match": "*"}
    )
    assert answer.status_code == 200
    assert "etag" not in answer.headers
    assert answer.headers["openai-poll-after-ms"] == "2000"
