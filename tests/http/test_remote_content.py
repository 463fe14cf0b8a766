"""Bytes that lie in a bucket, end to end on a real S3 server: our link, the way on, and the ways in which both end."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest

from filmgate.core.ports import ObjectStore
from filmgate.core.video import VideoId
from filmgate.http.services import Services
from filmgate.storage.opening import open_store
from tests.eventually import eventually
from tests.http.live import live
from tests.http.stage import DAY, FILM, THUMBNAIL, Stage
from tests.s3 import S3Server


@pytest.fixture
def bucket(s3: S3Server) -> ObjectStore:
    return open_store(s3.url(secrets.token_hex(8)))


@pytest.fixture
def stage(services: Services, bucket: ObjectStore) -> Stage:
    return Stage(services.database, bucket)


@pytest.fixture
async def server(services: Services, bucket: ObjectStore) -> AsyncIterator[str]:
    async with live(replace(services, store=bucket)) as url:
        yield url


@pytest.fixture
async def owner(server: str, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=server, headers=headers) as client:
        yield client


@pytest.fixture
async def anyone() -> AsyncIterator[httpx2.AsyncClient]:
    """Who has a link, and no key."""
    async with httpx2.AsyncClient() as client:
        yield client


@pytest.fixture
async def wire_id(owner: httpx2.AsyncClient, stage: Stage) -> str:
    """A completed video."""
    wire_id = await _create(owner)
    await stage.complete(wire_id)
    return wire_id


@pytest.fixture
async def link(owner: httpx2.AsyncClient, wire_id: str) -> str:
    return await _link_of(owner, wire_id)


async def _create(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/sora/videos", json={"model": "sora-2", "prompt": "A cat"})
    return str(answer.json()["id"])


async def _link_of(client: httpx2.AsyncClient, wire_id: str) -> str:
    return str((await client.get(f"/v1/result/{wire_id}")).json()["video_url"])


async def test_our_link_leads_to_the_bytes_and_is_not_remembered(
    anyone: httpx2.AsyncClient, link: str, s3: S3Server
) -> None:
    answer = await anyone.get(link)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{s3.endpoint}/")
    assert answer.headers["cache-control"] == "no-store"
    assert (await anyone.get(link, follow_redirects=True)).content == FILM


async def test_a_range_survives_the_way(anyone: httpx2.AsyncClient, link: str) -> None:
    answer = await anyone.get(link, headers={"range": "bytes=10-19"}, follow_redirects=True)
    assert (answer.status_code, answer.content) == (206, FILM[10:20])
    assert answer.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    ("variant", "content", "media_type"),
    [("video", FILM, "video/mp4"), ("thumbnail", THUMBNAIL, "image/webp")],
)
async def test_the_content_call_leads_there_too_and_keeps_the_key_to_itself(
    owner: httpx2.AsyncClient, wire_id: str, variant: str, content: bytes, media_type: str
) -> None:
    """A bucket refuses a request that has both a presigned URL and an Authorization header."""
    answer = await owner.get(
        f"/v1/videos/{wire_id}/content", params={"variant": variant}, follow_redirects=True
    )
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == media_type
    assert "authorization" not in answer.request.headers


async def test_head_is_answered_by_us(anyone: httpx2.AsyncClient, link: str) -> None:
    answer = await anyone.head(link)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["content-type"] == "video/mp4"


async def test_the_link_of_an_expired_video_is_answered_by_us(
    owner: httpx2.AsyncClient, anyone: httpx2.AsyncClient, stage: Stage
) -> None:
    wire_id = await _create(owner)
    await stage.complete(wire_id, at=datetime.now(UTC) - DAY)
    answer = await anyone.get(await _link_of(owner, wire_id))
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")


async def test_a_forged_link_is_refused_before_the_bucket_is_asked(
    anyone: httpx2.AsyncClient, link: str
) -> None:
    answer = await anyone.get(link.replace("signature=", "signature=A"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "invalid_signature")


async def test_the_link_of_a_deleted_video_leads_nowhere_while_its_bytes_wait_to_be_removed(
    owner: httpx2.AsyncClient, anyone: httpx2.AsyncClient, wire_id: str, link: str
) -> None:
    assert (await anyone.get(link)).status_code == 302
    await owner.delete(f"/v1/videos/{wire_id}")
    assert (await anyone.get(link)).status_code == 404


async def test_content_that_has_vanished_from_the_bucket_is_gone_and_no_fault(
    anyone: httpx2.AsyncClient, bucket: ObjectStore, wire_id: str, link: str
) -> None:
    await bucket.delete_folder(f"videos/{VideoId(wire_id.removeprefix('sora_'))}/")
    answer = await anyone.get(link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")


async def test_a_bucket_that_is_away_is_our_trouble_and_readiness_names_it(
    services: Services, s3: S3Server, stage: Stage, key: str
) -> None:
    async with s3.wire() as wire:
        bucket = open_store(s3.url(secrets.token_hex(8), endpoint=wire.endpoint))
        headers = {"authorization": f"Bearer {key}"}
        async with (
            live(replace(services, store=bucket)) as server,
            httpx2.AsyncClient(base_url=server, headers=headers) as owner,
        ):
            wire_id = await _create(owner)
            await Stage(services.database, bucket).complete(wire_id)
            assert (await owner.get("/readyz")).json()["store"] == bucket.name
            wire.cut()
            content = await owner.get(f"/v1/videos/{wire_id}/content")
            # A verdict is good for a moment.
            readiness = await eventually(lambda: _unready(owner))
    assert (content.status_code, content.json()["error"]["code"]) == (503, "service_unavailable")
    assert "retry-after" in content.headers
    assert readiness.json()["storage"] != "ok"


async def _unready(client: httpx2.AsyncClient) -> httpx2.Response | None:
    answer = await client.get("/readyz")
    return answer if answer.status_code == 503 else None
