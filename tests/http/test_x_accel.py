"""Films that the proxy before us sends: an empty answer that names the file, behind the same checks as ever."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from filmgate.http.services import Services
from filmgate.storage.opening import open_store
from tests.http.live import live
from tests.http.stage import DAY, FILM, THUMBNAIL, Stage
from tests.http.x_accel import Arrangement, XAccelProxy
from tests.s3 import S3Server


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, x_accel_prefix="/protected/")


@pytest.fixture
async def wire_id(client: httpx2.AsyncClient, stage: Stage) -> str:
    """A completed video."""
    return await make(client, stage)


@pytest.fixture
async def link(client: httpx2.AsyncClient, wire_id: str) -> str:
    return await link_of(client, wire_id)


@pytest.fixture
async def proxy(services: Services, store_folder: Path) -> AsyncIterator[str]:
    async with live(services) as upstream:
        with XAccelProxy(Arrangement(upstream, "/protected/", store_folder)) as proxy:
            yield proxy.url


async def make(client: httpx2.AsyncClient, stage: Stage, *, at: datetime | None = None) -> str:
    answer = await client.post("/sora/videos", json={"model": "sora-2", "prompt": "A cat"})
    wire_id = str(answer.json()["id"])
    await stage.complete(wire_id, at=at)
    return wire_id


async def link_of(client: httpx2.AsyncClient, wire_id: str) -> str:
    return str((await client.get(f"/v1/result/{wire_id}")).json()["video_url"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_link_is_answered_with_the_place_of_its_film_and_no_bytes(
    anonymous: httpx2.AsyncClient, link: str, method: str
) -> None:
    answer = await anonymous.request(method, link, headers={"range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, b"")
    key = httpx2.URL(link).path.removeprefix("/files/")
    assert answer.headers["x-accel-redirect"] == f"/protected/{key}"


@pytest.mark.parametrize(
    "header", ["content-type", "content-disposition", "x-content-type-options"]
)
async def test_the_proxy_is_told_what_we_would_have_said(
    anonymous: httpx2.AsyncClient, services: Services, link: str, header: str
) -> None:
    async with (
        live(replace(services, x_accel_prefix=None)) as ourselves,
        httpx2.AsyncClient() as client,
    ):
        by_us = await client.head(f"{ourselves}{httpx2.URL(link).raw_path.decode()}")
    assert (await anonymous.get(link)).headers[header] == by_us.headers[header]


async def test_no_cache_may_keep_the_bytes_longer_than_the_link_lives(
    anonymous: httpx2.AsyncClient, link: str
) -> None:
    control = (await anonymous.get(link)).headers["cache-control"]
    visibility, _, age = control.partition(", max-age=")
    assert visibility == "private"
    assert DAY.total_seconds() - 60 < int(age) <= DAY.total_seconds()


async def test_content_and_its_pictures_are_left_to_the_proxy_too(
    client: httpx2.AsyncClient, wire_id: str
) -> None:
    content = f"/v1/videos/{wire_id}/content"
    film = await client.get(content)
    picture = await client.get(content, params={"variant": "thumbnail"})
    assert film.headers["x-accel-redirect"].endswith("/video.mp4")
    assert film.headers["content-disposition"].startswith("attachment; filename=")
    assert picture.headers["x-accel-redirect"].endswith("/thumbnail.webp")
    assert picture.headers["content-type"] == "image/webp"


async def test_who_has_the_bytes_is_told_so_by_us(
    anonymous: httpx2.AsyncClient, services: Services, link: str
) -> None:
    key = httpx2.URL(link).path.removeprefix("/files/videos/")
    answer = await anonymous.get(link, headers={"if-none-match": f'"{key.replace("/", "-")}"'})
    assert answer.status_code == 304
    assert "x-accel-redirect" not in answer.headers


async def test_nothing_is_named_to_the_proxy_that_may_not_be_seen(
    client: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, stage: Stage, wire_id: str, link: str
) -> None:
    expired = await link_of(client, await make(client, stage, at=datetime.now(UTC) - DAY))
    forged = link.replace("signature=", "signature=A")
    content = f"/v1/videos/{wire_id}/content"
    answers = [
        await anonymous.get(forged),
        await anonymous.get(expired),
        await anonymous.get(content),
    ]
    await client.delete(f"/v1/videos/{wire_id}")
    answers.append(await anonymous.get(link))
    assert [answer.status_code for answer in answers] == [403, 410, 401, 404]
    assert not any("x-accel-redirect" in answer.headers for answer in answers)


async def test_a_film_that_has_vanished_is_gone_and_no_riddle_for_the_proxy(
    client: httpx2.AsyncClient, services: Services, wire_id: str
) -> None:
    await services.store.delete_folder(f"videos/{wire_id.removeprefix('sora_')}/")
    answer = await client.get(f"/v1/videos/{wire_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")


async def test_a_client_behind_the_proxy_gets_the_film(
    proxy: str, key: str, wire_id: str, link: str
) -> None:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=proxy, headers=headers) as client:
        address = httpx2.URL(link).raw_path.decode()
        whole = await client.get(address)
        part = await client.get(address, headers={"range": "bytes=100-199"})
        picture = await client.get(f"/v1/videos/{wire_id}/content?variant=thumbnail")
        forged = await client.get(address.replace("signature=", "signature=A"))
    assert (whole.content, whole.headers["content-type"]) == (FILM, "video/mp4")
    assert (part.status_code, part.content) == (206, FILM[100:200])
    assert picture.content == THUMBNAIL
    assert forged.status_code == 403


async def test_a_bucket_is_reached_as_ever(
    services: Services, s3: S3Server, key: str, anonymous: httpx2.AsyncClient
) -> None:
    bucket = open_store(s3.url("beside-x-accel"))
    headers = {"authorization": f"Bearer {key}"}
    async with (
        live(replace(services, store=bucket)) as server,
        httpx2.AsyncClient(base_url=server, headers=headers) as client,
    ):
        wire_id = await make(client, Stage(services.database, bucket))
        answer = await client.get(await link_of(client, wire_id))
    assert answer.status_code == 302
    assert "x-accel-redirect" not in answer.headers
