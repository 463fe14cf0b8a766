"""What is particular to objects in a bucket, on a real S3 server: presigned URLs, and servers that go away."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest

from filmgate.core.errors import NotFound, StorageUnavailable
from filmgate.core.ports import ObjectStore, RemoteUrl
from filmgate.core.spec import ObjectKey
from filmgate.storage.opening import open_store
from tests.eventually import eventually
from tests.s3 import BUCKET, S3Server, Wire

KEY = ObjectKey("videos/0abc/1/video.mp4")
PICTURE = ObjectKey("videos/0abc/1/thumbnail.webp")
FILM = bytes(range(256)) * 100
MINUTE = timedelta(minutes=1)

BOUND_SECONDS = 10.0
"""Within this a store that is away has said so, whatever it was asked."""


@pytest.fixture
def prefix() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def store(s3: S3Server, prefix: str) -> ObjectStore:
    return open_store(s3.url(prefix))


@pytest.fixture
async def wire(s3: S3Server) -> AsyncIterator[Wire]:
    async with s3.wire() as wire:
        yield wire


@pytest.fixture
async def anyone() -> AsyncIterator[httpx2.AsyncClient]:
    """Who has a URL, and no key."""
    async with httpx2.AsyncClient() as client:
        yield client


async def _url(store: ObjectStore, key: ObjectKey = KEY, *, valid_for: timedelta = MINUTE) -> str:
    place = await store.locate(key, valid_for=valid_for)
    assert isinstance(place, RemoteUrl)
    return place.url


async def test_a_presigned_url_gives_a_range(
    store: ObjectStore, anyone: httpx2.AsyncClient
) -> None:
    await store.put_bytes(KEY, FILM)
    answer = await anyone.get(await _url(store), headers={"range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, FILM[10:20])


@pytest.mark.parametrize(
    ("key", "media_type", "file_name"),
    [(KEY, "video/mp4", "0abc.mp4"), (PICTURE, "image/webp", "0abc.webp")],
)
async def test_a_browser_plays_what_a_presigned_url_gives(
    store: ObjectStore,
    anyone: httpx2.AsyncClient,
    key: ObjectKey,
    media_type: str,
    file_name: str,
) -> None:
    await store.put_bytes(key, FILM)
    headers = (await anyone.get(await _url(store, key))).headers
    assert headers["content-type"] == media_type
    assert headers["content-disposition"] == f'inline; filename="{file_name}"'
    assert headers["cache-control"] == "private, max-age=300"


async def test_a_long_film_keeps_its_type(
    store: ObjectStore, anyone: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """It goes up in pieces, by other requests than a short one."""
    await store.put_file(KEY, _film(tmp_path, megabytes=11))
    answer = await anyone.get(await _url(store), headers={"range": "bytes=0-0"})
    assert answer.headers["content-range"] == f"bytes 0-0/{11 * 1024 * 1024}"
    assert answer.headers["content-type"] == "video/mp4"


async def test_a_presigned_url_expires(store: ObjectStore, anyone: httpx2.AsyncClient) -> None:
    await store.put_bytes(KEY, FILM)
    url = await _url(store, valid_for=timedelta(seconds=2))
    assert (await anyone.get(url)).status_code == 200

    async def is_refused() -> bool:
        return (await anyone.get(url)).status_code == 403

    await eventually(is_refused)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(days=1), 300),
        (timedelta(seconds=90.7), 90),
        (timedelta(milliseconds=1), 1),
    ],
)
async def test_a_presigned_url_outlives_neither_the_video_nor_five_minutes(
    store: ObjectStore, asked: timedelta, given: int
) -> None:
    await store.put_bytes(KEY, FILM)
    query = parse_qs(urlsplit(await _url(store, valid_for=asked)).query)
    assert query["X-Amz-Expires"] == [str(given)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("/1/video.mp4", "/2/video.mp4"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ],
)
async def test_an_altered_presigned_url_is_refused(
    store: ObjectStore, anyone: httpx2.AsyncClient, old: str, new: str
) -> None:
    await store.put_bytes(KEY, FILM)
    await store.put_bytes(ObjectKey("videos/0abc/2/video.mp4"), b"another")
    url = await _url(store)
    assert old in url
    assert (await anyone.get(url.replace(old, new))).status_code == 403


async def test_a_deleted_object_is_gone_from_its_presigned_url(
    store: ObjectStore, anyone: httpx2.AsyncClient
) -> None:
    await store.put_bytes(KEY, FILM)
    url = await _url(store)
    await store.delete_folder("videos/0abc/")
    assert (await anyone.get(url)).status_code == 404


async def test_objects_lie_below_the_prefix_alone(s3: S3Server, prefix: str) -> None:
    ours, beside = open_store(s3.url(f"{prefix}/a")), open_store(s3.url(f"{prefix}/ab"))
    await ours.put_bytes(KEY, b"x")
    assert [each async for each in beside.list_objects("videos/")] == []
    await beside.delete_folder("videos/")
    around = open_store(s3.url(prefix))
    assert [each.key async for each in around.list_objects("a/")] == [f"a/{KEY}"]


async def test_a_folder_of_more_than_one_page_is_listed_and_removed(store: ObjectStore) -> None:
    async def put(numbers: range) -> None:
        for number in numbers:
            await store.put_bytes(ObjectKey(f"videos/0abc/1/{number}.webp"), b"x")

    async with asyncio.TaskGroup() as group:
        for start in range(16):
            group.create_task(put(range(start, 1001, 16)))
    assert len([each async for each in store.list_objects("videos/")]) == 1001
    await store.delete_folder("videos/0abc/")
    assert [each async for each in store.list_objects("videos/")] == []


async def test_clients_may_reach_the_bucket_by_another_address_than_we(
    s3: S3Server, prefix: str, wire: Wire, anyone: httpx2.AsyncClient
) -> None:
    store = open_store(f"{s3.url(prefix)}&public_endpoint={quote(wire.endpoint, safe='')}")
    await store.put_bytes(KEY, FILM)
    assert wire.answered_bytes == 0
    url = await _url(store)
    assert url.startswith(f"{wire.endpoint}/{BUCKET}/")
    assert (await anyone.get(url)).content == FILM


# What was given up may still be done by a server that comes to itself again, so other keys than ours are put.
USES: dict[str, Callable[[ObjectStore, Path], Awaitable[object]]] = {
    "put_file": lambda store, path: store.put_file(ObjectKey("given/up.mp4"), path),
    "put_bytes": lambda store, _: store.put_bytes(ObjectKey("given/up.webp"), b"x"),
    "copy": lambda store, _: store.copy(KEY, ObjectKey("given/up.jpg")),
    "read": lambda store, _: store.read(KEY),
    "fetch_file": lambda store, path: store.fetch_file(KEY, path.with_name("fetched")),
    "locate": lambda store, _: store.locate(KEY, valid_for=MINUTE),
    "list_objects": lambda store, _: anext(aiter(store.list_objects("videos/"))),
    "delete_folder": lambda store, _: store.delete_folder("given/"),
    "check": lambda store, _: store.check(),
}


async def _refusals(store: ObjectStore, path: Path) -> dict[str, float]:
    """How many seconds each use took to say that the store is away; all at once."""

    async def use(name: str) -> float:
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await USES[name](store, path)
        return time.monotonic() - started

    return dict(zip(USES, await asyncio.gather(*map(use, USES)), strict=True))


async def test_a_killed_server_is_told_in_time_and_one_that_is_back_just_works(
    s3: S3Server, store: ObjectStore, tmp_path: Path
) -> None:
    await store.put_bytes(KEY, FILM)
    s3.stop()
    try:
        seconds = await _refusals(store, _film(tmp_path, megabytes=0))
    finally:
        s3.start()
    assert max(seconds.values()) < BOUND_SECONDS, seconds
    assert await store.read(KEY) == FILM


async def test_a_server_that_takes_connections_and_never_answers_is_told_in_time(
    s3: S3Server, store: ObjectStore, tmp_path: Path
) -> None:
    await store.put_bytes(KEY, FILM)
    with s3.paused():
        seconds = await _refusals(store, _film(tmp_path, megabytes=0))
    assert max(seconds.values()) < BOUND_SECONDS, seconds
    assert seconds["check"] < 3
    assert await store.read(KEY) == FILM


async def test_a_film_that_stops_coming_half_way_is_no_film(
    s3: S3Server, store: ObjectStore, prefix: str, wire: Wire, tmp_path: Path
) -> None:
    await store.put_file(KEY, _film(tmp_path, megabytes=11))
    wire.answer_limit_bytes = 6 * 1024 * 1024
    with pytest.raises(StorageUnavailable):
        await open_store(s3.url(prefix, endpoint=wire.endpoint)).fetch_file(KEY, tmp_path / "half")


async def test_wrong_credentials_are_named_and_not_shown(s3: S3Server, prefix: str) -> None:
    ours = quote(s3.secret_access_key, safe="")
    assert ours in s3.url(prefix)
    store = open_store(s3.url(prefix).replace(ours, "a-secret-of-another"))
    for use in (store.check(), store.read(KEY)):
        with pytest.raises(StorageUnavailable, match="credentials") as caught:
            await use
        assert "a-secret-of-another" not in f"{caught.value}{caught.value.__cause__}"


async def test_a_secret_key_may_be_written_as_it_is(s3: S3Server, prefix: str) -> None:
    quoted = s3.url(prefix)
    plain = quoted.replace(quote(s3.secret_access_key, safe=""), s3.secret_access_key)
    assert "+/" in plain.replace(quoted, "")
    await open_store(plain).check()


async def test_a_missing_bucket_is_not_an_empty_one(s3: S3Server, prefix: str) -> None:
    store = open_store(s3.url(prefix).replace(f"s3://{BUCKET}/", "s3://nosuchbucket/"))
    for use in (store.read(KEY), store.locate(KEY, valid_for=MINUTE), store.delete_folder("a/")):
        with pytest.raises(StorageUnavailable):
            await use


async def test_a_missing_object_in_a_bucket_that_is_there_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(NotFound):
        await store.locate(KEY, valid_for=MINUTE)


async def test_check_leaves_nothing_behind(s3: S3Server, store: ObjectStore, prefix: str) -> None:
    await store.check()
    around = open_store(s3.url(""))
    assert [each async for each in around.list_objects(f"{prefix}/")] == []


async def test_a_large_film_is_stored_and_fetched_in_little_memory(
    s3: S3Server, prefix: str, tmp_path: Path
) -> None:
    answer = _peak_memory(s3.url(prefix), _film(tmp_path, megabytes=96))
    assert answer["put_megabytes"] < 48
    assert answer["fetch_megabytes"] < 48


def _film(folder: Path, *, megabytes: int) -> Path:
    path = folder / "film.mp4"
    with path.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    return path


def _peak_memory(url: str, film: Path) -> Any:
    script = Path(__file__).with_name("peak_memory.py")
    command = [sys.executable, str(script), url, str(film)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)
