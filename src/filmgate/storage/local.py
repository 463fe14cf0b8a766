"""Objects in a local folder. What became of a crashed write is removed with the folder it was meant for."""

import asyncio
import errno
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from filmgate.core.errors import NotFound, StorageUnavailable
from filmgate.core.ports import LocalFile, StoredObject
from filmgate.core.spec import ObjectKey
from filmgate.metrics import counts
from filmgate.storage.keys import PROBES, check_key, check_prefix

# 100 MB took 0.04 s and 13 MB of memory so; obstore's defaults (12 pieces of 5 MB) took 0.08 s and 37 MB.
_PIECE_BYTES = 1024 * 1024
_PIECES_AT_ONCE = 4
_LISTED_AT_ONCE = 1000


class LocalObjectStore:
    """ObjectStore on a folder of this machine: ours alone, and readable by nobody else."""

    name: Final = "a local folder"

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        with _translated("opened"):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._store = LocalStore(self._root)

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        """A `path` that cannot be opened is the caller's fault, and raises OSError."""
        await asyncio.to_thread(_check_readable, path)
        await self._put(key, path)

    async def put_bytes(self, key: ObjectKey, data: bytes) -> None:
        await self._put(key, data)

    async def put_new(self, key: ObjectKey, data: bytes) -> bool:
        check_key(key)
        self._check_root()
        with _translated("written"):
            try:
                await self._store.put_async(key, data, mode="create")
            except AlreadyExistsError:
                return False
            await asyncio.to_thread(self._make_durable, self._root / key)
        return True

    async def copy(self, key: ObjectKey, target: ObjectKey) -> None:
        check_key(target)
        with self._lookup(key):
            await self._store.copy_async(key, target)
            await asyncio.to_thread(self._settle_copy, self._root / target)

    async def fetch_file(self, key: ObjectKey, path: Path) -> None:
        await asyncio.to_thread(self._copy_out, key, path)

    async def read(self, key: ObjectKey) -> bytes:
        with self._lookup(key):
            answer = await self._store.get_async(key)
            return bytes(await answer.bytes_async())

    async def locate(self, key: ObjectKey, *, valid_for: timedelta) -> LocalFile:  # noqa: ARG002
        with self._lookup(key):
            await self._store.head_async(key)
        return LocalFile(self._root / key)

    async def list_objects(self, prefix: str) -> AsyncIterator[StoredObject]:
        check_prefix(prefix)
        self._check_root()
        walk = self._walk(self._root / prefix)
        while page := await asyncio.to_thread(_page_of, walk):
            for each in page:
                yield each

    async def delete_folder(self, prefix: str) -> None:
        check_prefix(prefix)
        with _translated("emptied"):
            await asyncio.to_thread(self._remove, self._root / prefix)

    async def check(self) -> None:
        folder = f"{PROBES}{secrets.token_hex(8)}/"
        await self.put_bytes(ObjectKey(f"{folder}probe"), b"filmgate")
        await self.delete_folder(folder)

    async def _put(self, key: ObjectKey, content: Path | bytes) -> None:
        check_key(key)
        target = self._root / key
        self._check_root()
        try:
            with _translated("written"):
                await self._store.put_async(
                    key, content, chunk_size=_PIECE_BYTES, max_concurrency=_PIECES_AT_ONCE
                )
                await asyncio.to_thread(self._make_durable, target)
        except StorageUnavailable:
            await asyncio.to_thread(self._prune, target.parent)
            raise

    @contextmanager
    def _lookup(self, key: ObjectKey) -> Iterator[None]:
        check_key(key)
        with _translated("read"):
            try:
                yield
            except FileNotFoundError as error:
                self._check_root()
                raise NotFound(f"There is no object {key!r}.") from error

    def _copy_out(self, key: ObjectKey, path: Path) -> None:
        with self._lookup(key):
            source = (self._root / key).open("rb")
        with source, path.open("wb") as target:
            while piece := _piece_of(source):
                target.write(piece)

    def _check_root(self) -> None:
        # A volume that is not mounted must not be mistaken for an empty store, or written beside.
        if not self._root.is_dir():
            counts.storage_errors.add("found")
            raise StorageUnavailable("The object store's folder is missing.")

    def _make_durable(self, path: Path) -> None:
        """Have the bytes and every name on the way to them survive a power cut."""
        for each in (path, *path.parents):
            _sync(each)
            if each == self._root:
                break

    def _settle_copy(self, path: Path) -> None:
        # A copy is a second name for the same bytes, and would be as old as its source.
        os.utime(path)
        self._make_durable(path)

    def _walk(self, folder: Path) -> Iterator[StoredObject]:
        for parent, _, names in os.walk(folder, onerror=_raise_unless_gone):
            for name in names:
                path = Path(parent, name)
                try:
                    modified_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                except FileNotFoundError:
                    continue
                yield StoredObject(ObjectKey(path.relative_to(self._root).as_posix()), modified_at)

    def _remove(self, folder: Path) -> None:
        # Not obstore's listing: it hides what a killed process left half written.
        for parent, _, names in os.walk(folder, topdown=False, onerror=_raise_unless_gone):
            for name in names:
                Path(parent, name).unlink(missing_ok=True)
            _remove_if_empty(Path(parent))
        self._prune(folder.parent)

    def _prune(self, folder: Path) -> None:
        """Remove the folder and its parents, up to the root, as far as they are empty."""
        while folder != self._root and _remove_if_empty(folder):
            folder = folder.parent


@contextmanager
def _translated(done: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        counts.storage_errors.add(done)
        raise StorageUnavailable(f"The object store cannot be {done} at the moment.") from error


def _piece_of(source: BinaryIO) -> bytes:
    with _translated("read"):
        return source.read(_PIECE_BYTES)


def _page_of(walk: Iterator[StoredObject]) -> list[StoredObject]:
    with _translated("listed"):
        return list(islice(walk, _LISTED_AT_ONCE))


def _check_readable(path: Path) -> None:
    with path.open("rb"):
        pass


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        # A put that is under way keeps its folder.
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
