"""The promises of `core.ports.ObjectStore`, kept by every implementation."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from filmgate.core.errors import NotFound, StorageUnavailable
from filmgate.core.ports import LocalFile, ObjectStore, RemoteUrl
from filmgate.core.spec import ObjectKey
from filmgate.storage.local import LocalObjectStore
from filmgate.storage.opening import open_store
from tests.eventually import eventually
from tests.fakes import MemoryObjectStore
from tests.s3 import S3Server

KEY = ObjectKey("videos/0abc/1/video.mp4")
SIBLING = ObjectKey("videos/0abc/2/video.mp4")
LOOKALIKE = ObjectKey("videos/0abcd/1/video.mp4")
MINUTE = timedelta(minutes=1)

FILM = bytes(range(256)) * 50_000
"""Longer than the pieces in which any store takes a file."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A store under test, and a way to take it down."""

    store: ObjectStore
    take_away: Callable[[], None]


@pytest.fixture(params=["local", "memory", "s3"])
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        async with server.wire() as wire:
            url = server.url(secrets.token_hex(8), endpoint=wire.endpoint)
            yield Subject(open_store(url), wire.cut)
    else:
        yield {"local": _local, "memory": _memory}[request.param](tmp_path)


@pytest.fixture
def store(subject: Subject) -> ObjectStore:
    return subject.store


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "rendered.mp4"
    path.write_bytes(FILM)
    return path


def _local(folder: Path) -> Subject:
    root = folder / "objects"

    def take_away() -> None:
        shutil.rmtree(root)
        root.write_bytes(b"a file where the folder was")

    return Subject(LocalObjectStore(root), take_away)


def _memory(folder: Path) -> Subject:
    (folder / "copies").mkdir()
    store = MemoryObjectStore(folder / "copies")
    return Subject(store, lambda: setattr(store, "is_away", True))


async def test_a_stored_file_reads_back_byte_for_byte(store: ObjectStore, film: Path) -> None:
    await store.put_file(KEY, film)
    assert await store.read(KEY) == FILM


async def test_put_file_leaves_the_source_where_it_is(store: ObjectStore, film: Path) -> None:
    await store.put_file(KEY, film)
    await store.put_file(SIBLING, film)
    assert await store.read(SIBLING) == FILM


@pytest.mark.parametrize("data", [b"", b"x", bytes(3_000_000)], ids=["empty", "one", "many"])
async def test_stored_bytes_read_back(store: ObjectStore, data: bytes) -> None:
    await store.put_bytes(KEY, data)
    assert await store.read(KEY) == data


async def test_put_bytes_replaces_an_object(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"the first, and longer")
    await store.put_bytes(KEY, b"the second")
    assert await store.read(KEY) == b"the second"


async def test_put_new_stores_what_is_not_there_yet(store: ObjectStore) -> None:
    assert await store.put_new(KEY, b"the first")
    assert await store.read(KEY) == b"the first"


async def test_put_new_leaves_an_object_as_it_is(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"the first")
    assert not await store.put_new(KEY, b"the second")
    assert await store.read(KEY) == b"the first"


async def test_of_many_that_put_new_at_once_one_is_told_that_it_did(store: ObjectStore) -> None:
    told = await asyncio.gather(*(store.put_new(KEY, bytes([number])) for number in range(20)))
    assert told.count(True) == 1
    assert await store.read(KEY) == bytes([told.index(True)])


async def test_put_file_replaces_an_object(store: ObjectStore, film: Path) -> None:
    await store.put_bytes(KEY, b"the first")
    await store.put_file(KEY, film)
    assert await store.read(KEY) == FILM


async def test_a_missing_source_is_not_blamed_on_the_store(
    store: ObjectStore, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await store.put_file(KEY, tmp_path / "nothing.mp4")
    with pytest.raises(NotFound):
        await store.read(KEY)


async def test_read_of_an_unknown_key_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(NotFound, match="videos/0abc/1/video"):
        await store.read(KEY)


async def test_a_folder_is_not_an_object(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"x")
    with pytest.raises(NotFound):
        await store.read(ObjectKey("videos/0abc"))


async def test_locate_gives_the_bytes(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"a film")
    assert await _bytes_at(await store.locate(KEY, valid_for=MINUTE)) == b"a film"


async def _bytes_at(place: LocalFile | RemoteUrl) -> bytes:
    if isinstance(place, LocalFile):
        return place.path.read_bytes()
    async with httpx2.AsyncClient() as client:
        return (await client.get(place.url)).raise_for_status().content


async def test_locate_of_an_unknown_key_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(NotFound):
        await store.locate(KEY, valid_for=MINUTE)


async def test_a_fetched_file_is_the_object(store: ObjectStore, film: Path, tmp_path: Path) -> None:
    await store.put_file(KEY, film)
    await store.fetch_file(KEY, tmp_path / "fetched.mp4")
    assert (tmp_path / "fetched.mp4").read_bytes() == FILM


async def test_fetching_an_unknown_key_is_not_found(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await store.fetch_file(KEY, tmp_path / "fetched.mp4")


FULL_DISK = Path("/dev/full")


@pytest.mark.parametrize(
    "place", ["no/such/folder/film.mp4", ".", *([str(FULL_DISK)] if FULL_DISK.exists() else [])]
)
async def test_a_place_that_cannot_be_written_is_not_blamed_on_the_store(
    store: ObjectStore, film: Path, tmp_path: Path, place: str
) -> None:
    await store.put_file(KEY, film)
    with pytest.raises(OSError, match=r"No such file|Is a directory|No space left"):
        await store.fetch_file(KEY, tmp_path / place)


async def test_a_copy_outlives_its_source(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"a film")
    await store.copy(KEY, LOOKALIKE)
    await store.delete_folder("videos/0abc/")
    assert await store.read(LOOKALIKE) == b"a film"


async def test_a_copy_replaces_an_object_and_shares_nothing_with_its_source(
    store: ObjectStore,
) -> None:
    await store.put_bytes(KEY, b"a film")
    await store.put_bytes(SIBLING, b"another")
    await store.copy(KEY, SIBLING)
    await store.put_bytes(KEY, b"a later film")
    assert await store.read(SIBLING) == b"a film"


async def test_copying_an_unknown_key_is_not_found_and_makes_nothing(store: ObjectStore) -> None:
    with pytest.raises(NotFound):
        await store.copy(KEY, SIBLING)
    assert await _listed(store, "videos/") == set()


async def test_a_listing_names_every_object_below_the_prefix(store: ObjectStore) -> None:
    for key in (KEY, SIBLING, LOOKALIKE):
        await store.put_bytes(key, b"x")
    assert await _listed(store, "videos/") == {KEY, SIBLING, LOOKALIKE}
    assert await _listed(store, "videos/0abc/") == {KEY, SIBLING}
    assert await _listed(store, "characters/") == set()


async def test_a_listing_says_when_an_object_was_written(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"x")
    found = [each async for each in store.list_objects("videos/")]
    assert abs(found[0].modified_at - datetime.now(UTC)) < MINUTE


async def test_a_copy_is_as_young_as_its_making(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"x")
    (written,) = [each.modified_at async for each in store.list_objects("videos/0abc/1/")]
    # The clocks of some stores count in whole seconds.
    await eventually(lambda: _is_past(written + timedelta(seconds=1)))
    await store.copy(KEY, SIBLING)
    (copied,) = [each.modified_at async for each in store.list_objects("videos/0abc/2/")]
    assert copied > written


async def _is_past(moment: datetime) -> bool:
    return datetime.now(UTC) > moment


async def _listed(store: ObjectStore, prefix: str) -> set[str]:
    return {each.key async for each in store.list_objects(prefix)}


async def test_delete_folder_removes_everything_below_it(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"x")
    await store.put_bytes(SIBLING, b"y")
    await store.delete_folder("videos/0abc/")
    for key in (KEY, SIBLING):
        with pytest.raises(NotFound):
            await store.read(key)


@pytest.mark.parametrize("survivor", [SIBLING, LOOKALIKE])
async def test_delete_folder_removes_nothing_else(store: ObjectStore, survivor: ObjectKey) -> None:
    await store.put_bytes(KEY, b"x")
    await store.put_bytes(survivor, b"y")
    await store.delete_folder("videos/0abc/1/")
    assert await store.read(survivor) == b"y"


async def test_delete_folder_of_nothing_is_fine(store: ObjectStore) -> None:
    await store.delete_folder("videos/0abc/")
    await store.delete_folder("videos/0abc/")


async def test_a_deleted_key_can_be_written_again(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"x")
    await store.delete_folder("videos/0abc/")
    await store.put_bytes(KEY, b"y")
    assert await store.read(KEY) == b"y"


async def test_many_puts_at_once_are_all_kept(store: ObjectStore) -> None:
    keys = [ObjectKey(f"videos/0abc/{number}/video.mp4") for number in range(30)]
    async with asyncio.TaskGroup() as group:
        for key in keys:
            group.create_task(store.put_bytes(key, key.encode()))
    assert [await store.read(key) for key in keys] == [key.encode() for key in keys]


async def test_check_passes_and_leaves_every_object_alone(store: ObjectStore) -> None:
    await store.put_bytes(KEY, b"x")
    await store.check()
    assert await store.read(KEY) == b"x"


@pytest.mark.parametrize(
    "key", ["../secret", "/etc/passwd", "videos/../../secret", "videos//x", ""]
)
async def test_a_key_that_leads_elsewhere_is_never_used(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await store.put_bytes(ObjectKey(key), b"x")
    with pytest.raises(ValueError, match="not an object key"):
        await store.read(ObjectKey(key))


@pytest.mark.parametrize("prefix", ["", "/", "videos", "../", "videos/../", "videos//"])
async def test_a_prefix_that_names_no_folder_of_ours_deletes_nothing(
    store: ObjectStore, prefix: str
) -> None:
    await store.put_bytes(KEY, b"x")
    with pytest.raises(ValueError, match="not a folder"):
        await store.delete_folder(prefix)
    with pytest.raises(ValueError, match="not a folder"):
        await _listed(store, prefix)
    assert await store.read(KEY) == b"x"


async def _put_film(store: ObjectStore) -> None:
    await store.put_file(KEY, Path(__file__))


@pytest.mark.parametrize(
    "use",
    [
        _put_film,
        lambda store: store.put_bytes(KEY, b"x"),
        lambda store: store.put_new(KEY, b"x"),
        lambda store: store.read(KEY),
        lambda store: store.locate(KEY, valid_for=MINUTE),
        lambda store: store.copy(KEY, SIBLING),
        lambda store: _listed(store, "videos/"),
        lambda store: store.delete_folder("videos/0abc/"),
        lambda store: store.check(),
    ],
    ids=[
        "put_file",
        "put_bytes",
        "put_new",
        "read",
        "locate",
        "copy",
        "list",
        "delete_folder",
        "check",
    ],
)
async def test_a_store_that_is_away_says_so(
    subject: Subject, use: Callable[[ObjectStore], Awaitable[object]]
) -> None:
    await subject.store.put_bytes(KEY, b"x")
    subject.take_away()
    with pytest.raises(StorageUnavailable):
        await use(subject.store)
