"""What is particular to objects in a local folder: whose it is, what it leaves behind, and a full disk."""

import asyncio
import json
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from filmgate.core.errors import StorageUnavailable
from filmgate.core.spec import ObjectKey
from filmgate.storage.local import LocalObjectStore

KEY = ObjectKey("videos/0abc/1/video.mp4")
SIBLING = ObjectKey("videos/0abc/2/video.mp4")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects"


@pytest.fixture
def store(root: Path) -> LocalObjectStore:
    return LocalObjectStore(root)


@pytest.fixture
def homeless(store: LocalObjectStore, root: Path) -> LocalObjectStore:
    """A store whose folder was taken away after it was opened."""
    root.rmdir()
    return store


def _everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_new_folder_is_readable_by_its_owner_alone(store: LocalObjectStore, root: Path) -> None:
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_an_existing_folder_keeps_its_permissions(root: Path) -> None:
    root.mkdir(parents=True, mode=0o750)
    LocalObjectStore(root)
    assert stat.S_IMODE(root.stat().st_mode) == 0o750


def test_a_root_that_is_a_file_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        LocalObjectStore(tmp_path / "taken")


async def test_objects_lie_where_their_keys_say(store: LocalObjectStore, root: Path) -> None:
    await store.put_bytes(KEY, b"x")
    place = await store.locate(KEY, valid_for=timedelta(minutes=1))
    assert place.path == root / KEY


async def test_objects_outlive_the_store(store: LocalObjectStore, root: Path) -> None:
    await store.put_bytes(KEY, b"x")
    assert await LocalObjectStore(root).read(KEY) == b"x"


async def test_delete_folder_leaves_no_empty_folder(store: LocalObjectStore, root: Path) -> None:
    await store.put_bytes(KEY, b"x")
    await store.delete_folder("videos/0abc/1/")
    assert _everything(root) == []


async def test_delete_folder_keeps_folders_in_use(store: LocalObjectStore, root: Path) -> None:
    await store.put_bytes(KEY, b"x")
    await store.put_bytes(SIBLING, b"y")
    await store.delete_folder("videos/0abc/1/")
    assert _everything(root) == ["videos", "videos/0abc", "videos/0abc/2", f"{SIBLING}"]


async def test_delete_folder_removes_what_a_killed_write_left(
    store: LocalObjectStore, root: Path
) -> None:
    await store.put_bytes(KEY, b"x")
    (root / f"{KEY}#1").write_bytes(b"half a film")
    await store.delete_folder("videos/0abc/")
    assert _everything(root) == []


async def test_a_listing_names_what_a_killed_write_left(
    store: LocalObjectStore, root: Path
) -> None:
    await store.put_bytes(KEY, b"x")
    (root / f"{KEY}#1").write_bytes(b"half a film")
    listed = {each.key async for each in store.list_objects("videos/")}
    assert listed == {KEY, f"{KEY}#1"}


async def test_a_removed_root_is_not_listed_as_empty(homeless: LocalObjectStore) -> None:
    with pytest.raises(StorageUnavailable):
        [each async for each in homeless.list_objects("videos/")]


async def test_check_leaves_nothing_behind(store: LocalObjectStore, root: Path) -> None:
    await store.check()
    assert _everything(root) == []


async def test_a_removed_root_is_not_quietly_made_again(
    homeless: LocalObjectStore, root: Path
) -> None:
    with pytest.raises(StorageUnavailable):
        await homeless.put_bytes(KEY, b"x")
    assert _everything(root.parent) == []


async def test_a_removed_root_is_not_an_empty_store(homeless: LocalObjectStore) -> None:
    with pytest.raises(StorageUnavailable):
        await homeless.read(KEY)


async def test_the_message_keeps_the_path_to_itself(homeless: LocalObjectStore, root: Path) -> None:
    with pytest.raises(StorageUnavailable) as caught:
        await homeless.read(KEY)
    assert str(root) not in caught.value.message


async def test_a_reader_sees_the_old_object_or_the_new_one(store: LocalObjectStore) -> None:
    versions = [bytes([letter]) * 4_000_000 for letter in b"ab"]
    await store.put_bytes(KEY, versions[0])
    seen = set()
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(_write_in_turn(store, versions))
        while not writing.done():
            seen.add(await store.read(KEY))
    assert seen <= set(versions)


async def _write_in_turn(store: LocalObjectStore, versions: list[bytes]) -> None:
    for number in range(20):
        await store.put_bytes(KEY, versions[number % 2])


async def test_puts_and_deletes_of_neighbours_do_not_meet(store: LocalObjectStore) -> None:
    async def live_and_die(number: int) -> None:
        key = ObjectKey(f"videos/0abc/{number}/video.mp4")
        for _ in range(25):
            await store.put_bytes(key, b"x")
            assert await store.read(key) == b"x"
            await store.delete_folder(f"videos/0abc/{number}/")

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(live_and_die(number))


async def test_a_full_disk_is_storage_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    """The same disk, seen by a process that may write no more than a megabyte to a file."""
    answer = _run("full_disk.py", str(tmp_path / "objects"), _film(tmp_path, megabytes=9))
    assert answer == {
        "refused": ["put_file", "put_bytes", "put_file beside it"],
        "kept": "the first",
        "left": ["videos", "videos/0abc", "videos/0abc/1", str(KEY)],
    }


async def test_a_large_file_is_stored_and_fetched_in_little_memory(tmp_path: Path) -> None:
    url = (tmp_path / "objects").as_uri()
    answer = _run("peak_memory.py", url, _film(tmp_path, megabytes=96))
    assert answer["put_megabytes"] < 32
    assert answer["fetch_megabytes"] < 32


def _film(folder: Path, *, megabytes: int) -> Path:
    path = folder / "film.mp4"
    with path.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    return path


def _run(script: str, place: str, film: Path) -> Any:
    """What the script beside this file prints, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name(script)), place, str(film)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)
