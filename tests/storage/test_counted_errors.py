"""What a store does not do is counted by what it was asked for."""

import shutil
from pathlib import Path

import pytest

from filmgate.core.errors import StorageUnavailable
from filmgate.core.spec import ObjectKey
from filmgate.metrics import counts
from filmgate.storage.local import LocalObjectStore

KEY = ObjectKey("videos/x/1/video.mp4")


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "objects")


def count(doing: str) -> float:
    return counts.storage_errors.read().get((doing,), 0)


async def test_a_folder_that_is_missing_is_counted(store: LocalObjectStore, tmp_path: Path) -> None:
    before = count("found")
    shutil.rmtree(tmp_path / "objects")
    with pytest.raises(StorageUnavailable):
        await store.put_bytes(KEY, b"film")
    assert count("found") == before + 1


async def test_what_cannot_be_written_is_counted(store: LocalObjectStore, tmp_path: Path) -> None:
    before = count("written")
    (tmp_path / "objects" / KEY).mkdir(parents=True)
    with pytest.raises(StorageUnavailable):
        await store.put_bytes(KEY, b"film")
    assert count("written") == before + 1
