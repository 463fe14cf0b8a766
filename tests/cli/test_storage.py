"""`filmgate storage adopt`, and what `filmgate doctor` says of whose the store is."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from filmgate.core.spec import ObjectKey
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import ownership, videos

COMMAND = Path(sys.executable).with_name("filmgate")
ANOTHERS = b"00000000-0000-0000-0000-000000000000.1.1"


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "films")


async def filmgate(folder: Path, *arguments: str, dsn: str) -> tuple[int, str]:
    """The exit code and everything that was said."""
    ended = await asyncio.to_thread(
        subprocess.run,
        [str(COMMAND), *arguments, "--data", str(folder / "data")],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "FILMGATE_DATABASE_URL": dsn,
            "FILMGATE_STORAGE_URL": f"file://{folder}/films",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


async def owner(folder: Path, dsn: str) -> str:
    _, said = await filmgate(folder, "doctor", dsn=dsn)
    return next(line for line in said.splitlines() if " owner " in line)


async def test_a_store_without_anything_strange_is_adopted_at_once(
    database: Database, store: LocalObjectStore, tmp_path: Path
) -> None:
    assert "nobody's yet" in await owner(tmp_path, database.dsn)
    code, said = await filmgate(tmp_path, "storage", "adopt", dsn=database.dsn)
    assert (code, said) == (0, "The store (a local folder) belongs to this database.\n")
    assert await ownership.find_mark(database, store)
    assert (await owner(tmp_path, database.dsn)).startswith("ok ")


async def test_anothers_is_adopted_only_by_who_is_sure(
    database: Database, store: LocalObjectStore, tmp_path: Path
) -> None:
    await store.put_bytes(ownership.MARK, ANOTHERS)
    assert (await owner(tmp_path, database.dsn)).startswith("FAIL ")
    code, said = await filmgate(tmp_path, "storage", "adopt", dsn=database.dsn)
    assert (code, "belongs to another database" in said) == (2, True)
    assert await store.read(ownership.MARK) == ANOTHERS
    code, _ = await filmgate(tmp_path, "storage", "adopt", "--yes", dsn=database.dsn)
    assert code == 0
    assert await ownership.find_mark(database, store)


async def test_what_would_be_lost_is_counted_first(
    database: Database, store: LocalObjectStore, tmp_path: Path
) -> None:
    for name in ("1/video.mp4", "source.mp4"):
        await store.put_bytes(ObjectKey(f"videos/{videos.new_id()}/{name}"), b"x")
    code, said = await filmgate(tmp_path, "storage", "adopt", dsn=database.dsn)
    assert code == 2
    assert "folders without a row: 2, with films: 1" in said
    assert await ownership.find_mark(database, store) is None
