"""Small honest implementations of our seams; each passes the contract suite of its port."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from filmgate.core.errors import NotFound, StorageUnavailable
from filmgate.core.ports import LocalFile, StoredObject
from filmgate.core.spec import ObjectKey
from filmgate.storage.keys import check_key, check_prefix


class MemoryObjectStore:
    """Objects in a dict. `locate` writes a copy below `folder`; `is_away` plays a store that is down."""

    name: Final = "memory"

    def __init__(self, folder: Path) -> None:
        self.objects: dict[str, bytes] = {}
        self._modified_at: dict[str, datetime] = {}
        self.is_away = False
        self._folder = folder

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        await self.put_bytes(key, await asyncio.to_thread(path.read_bytes))

    async def put_bytes(self, key: ObjectKey, data: bytes) -> None:
        check_key(key)
        await self.check()
        self.objects[key] = data
        self._modified_at[key] = datetime.now(UTC)

    async def put_new(self, key: ObjectKey, data: bytes) -> bool:
        check_key(key)
        await self.check()
        if key in self.objects:
            return False
        await self.put_bytes(key, data)
        return True

    async def copy(self, key: ObjectKey, target: ObjectKey) -> None:
        await self.put_bytes(target, await self.read(key))

    async def fetch_file(self, key: ObjectKey, path: Path) -> None:
        await asyncio.to_thread(path.write_bytes, await self.read(key))

    async def read(self, key: ObjectKey) -> bytes:
        check_key(key)
        await self.check()
        try:
            return self.objects[key]
        except KeyError:
            raise NotFound(f"There is no object {key!r}.") from None

    async def locate(self, key: ObjectKey, *, valid_for: timedelta) -> LocalFile:
        data = await self.read(key)
        path = self._folder / sha256(key.encode()).hexdigest()
        path.write_bytes(data)
        return LocalFile(path)

    async def list_objects(self, prefix: str) -> AsyncIterator[StoredObject]:
        check_prefix(prefix)
        await self.check()
        for key in [key for key in self.objects if key.startswith(prefix)]:
            yield StoredObject(ObjectKey(key), modified_at=self._modified_at[key])

    async def delete_folder(self, prefix: str) -> None:
        check_prefix(prefix)
        await self.check()
        for key in [key for key in self.objects if key.startswith(prefix)]:
            del self.objects[key]

    async def check(self) -> None:
        if self.is_away:
            raise StorageUnavailable("The object store is away.")
