"""Bytes by signed URL and by the content call: ranges, headers, and the ways in which a link ends."""

from datetime import UTC, datetime

import httpx2
import pytest

from filmgate.core.spec import ObjectKey
from filmgate.http.services import Services
from filmgate.storage.links import LinkSigner
from tests.http.stage import DAY, FILM, Stage


async def create(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/sora/videos", json={"model": "sora-2", "prompt": "A cat"})
    return str(answer.json()["id"])


async def link_of(client: httpx2.AsyncClient, wire_id: str) -> str:
    return str((await client.get(f"/v1/result/{wire_id}")).json()["video_url"])


@pytest.fixture
async def wire_id(client: httpx2.AsyncClient, stage: Stage) -> str:
    """A completed video."""
    wire_id = await create(client)
    await stage.complete(wire_id)
    return wire_id


@pytest.fixture
async def link(client: httpx2.AsyncClient, wire_id: str) -> str:
    return await link_of(client, wire_id)


async def test_a_link_needs_no_key(anonymous: httpx2.AsyncClient, link: str) -> None:
    answer = await anonymous.get(link)
    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline; filename=")


async def test_no_cache_may_keep_the_bytes_longer_than_the_link_lives(
    anonymous: httpx2.AsyncClient, link: str
) -> None:
    control = (await anonymous.get(link)).headers["cache-control"]
    visibility, _, age = control.partition(", max-age=")
    assert visibility == "private"
    assert DAY.total_seconds() - 60 < int(age) <= DAY.total_seconds()


async def test_head_of_a_link_has_the_headers_alone(
    anonymous: httpx2.AsyncClient, link: str
) -> None:
    answer = await anonymous.head(link)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(FILM))


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-9", FILM[:10]),
        ("bytes=1000-", FILM[1000:]),
        ("bytes=-5", FILM[-5:]),
    ],
)
async def test_a_range_of_a_link_or_of_content_is_honoured(
    client: httpx2.AsyncClient, wire_id: str, link: str, asked: str, given: bytes
) -> None:
    for url in (link, f"/v1/videos/{wire_id}/content"):
        answer = await client.get(url, headers={"range": asked})
        assert (answer.status_code, answer.content) == (206, given)
        assert answer.headers["content-range"].endswith(f"/{len(FILM)}")


async def test_a_range_behind_the_end_cannot_be_satisfied(
    client: httpx2.AsyncClient, link: str
) -> None:
    answer = await client.get(link, headers={"range": f"bytes={len(FILM)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"
    assert answer.json()["error"]["code"] == "range_not_satisfiable"


@pytest.mark.parametrize("asked", ["bytes=x-y", "bytes=9-2", "frames=1-2", "bytes", "bytes=-", ""])
async def test_what_is_no_range_is_ignored(
    client: httpx2.AsyncClient, link: str, asked: str
) -> None:
    answer = await client.get(link, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, FILM)


async def test_a_download_is_resumed_only_if_the_bytes_are_the_same(
    client: httpx2.AsyncClient, link: str
) -> None:
    tag = (await client.head(link)).headers["etag"]
    same = await client.get(link, headers={"range": "bytes=0-9", "if-range": tag})
    other = await client.get(link, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert (same.status_code, other.status_code) == (206, 200)


async def test_head_of_content_has_the_headers_alone(
    client: httpx2.AsyncClient, wire_id: str
) -> None:
    answer = await client.head(f"/v1/videos/{wire_id}/content")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(FILM))


async def test_the_link_works_below_a_base_prefix_too(
    anonymous: httpx2.AsyncClient, link: str
) -> None:
    url = httpx2.URL(link)
    below = f"/kyyAiPower{url.raw_path.decode()}"
    assert (await anonymous.get(below)).content == FILM


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signature=", "signature=A"),
        ("expires=", "expires=9"),
        ("/1/video.mp4", "/2/video.mp4"),
        ("/1/video.mp4", "/..%2f..%2fvideo.mp4"),
        ("?v=1&", "?"),
        ("kid=k1", "kid=k2"),
    ],
)
async def test_an_altered_link_is_forbidden(
    anonymous: httpx2.AsyncClient, link: str, old: str, new: str
) -> None:
    assert old in link
    answer = await anonymous.get(link.replace(old, new))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "invalid_signature")


@pytest.mark.parametrize("query", ["", "?", "?v=1", "?expires=%00&signature=\u2603"])
async def test_a_link_without_our_signature_is_forbidden(
    anonymous: httpx2.AsyncClient, link: str, query: str
) -> None:
    answer = await anonymous.get(link.partition("?")[0] + query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "invalid_signature")


async def test_after_its_day_link_and_content_are_gone_and_the_record_stays(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    await stage.complete(wire_id, at=datetime.now(UTC) - DAY)
    record = (await client.get(f"/v1/result/{wire_id}")).json()
    assert record["status"] == "completed"
    for url in (record["video_url"], f"/v1/videos/{wire_id}/content"):
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")


async def test_a_link_ends_when_its_video_is_deleted(
    client: httpx2.AsyncClient, wire_id: str, link: str
) -> None:
    await client.delete(f"/v1/videos/{wire_id}")
    answer = await client.get(link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_found")


async def test_a_link_ends_when_another_attempt_took_over(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await create(client)
    video = await stage.complete(wire_id)
    link = await link_of(client, wire_id)
    await stage.supersede(video)
    assert (await client.get(link)).status_code == 404
    assert (await client.get(await link_of(client, wire_id))).status_code == 200


async def test_a_true_link_to_something_that_is_no_video_finds_nothing(
    anonymous: httpx2.AsyncClient, services: Services, signer: LinkSigner
) -> None:
    key = ObjectKey("videos/00000000000000000000000000/references/0.webp")
    await services.store.put_bytes(key, b"a client's picture")
    link = signer.sign(key, expires_at=datetime.now(UTC) + DAY)
    assert (await anonymous.get(link)).status_code == 404


async def test_a_body_announced_with_a_download_does_not_disturb_it(
    anonymous: httpx2.AsyncClient, link: str
) -> None:
    answer = await anonymous.request("GET", link, content=b" " * 2_000_001)
    assert (answer.status_code, answer.content) == (200, FILM)


async def test_content_that_has_vanished_is_gone_and_no_fault(
    client: httpx2.AsyncClient, services: Services, wire_id: str
) -> None:
    await services.store.delete_folder(f"videos/{wire_id.removeprefix('sora_')}/")
    answer = await client.get(f"/v1/videos/{wire_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")
    assert "videos/" not in answer.text
