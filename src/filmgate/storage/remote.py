"""Objects in a bucket of S3, Google Cloud or Azure. What it costs to reach one is bounded: a store that is away says so."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TypeVar

from obstore import sign_async
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from filmgate.core.errors import NotFound, StorageUnavailable
from filmgate.core.ports import RemoteUrl, StoredObject
from filmgate.core.spec import ObjectKey
from filmgate.metrics import counts
from filmgate.storage.keys import PROBES, check_key, check_prefix

Bucket = S3Store | GCSStore | AzureStore
T = TypeVar("T")

LINK_LIFE = timedelta(minutes=5)
"""Whoever was sent on to the bucket must begin within this time; a link of ours sends them on again."""

ANSWER_SECONDS = 8.0
"""For a request that carries no film. obstore tries again for five of them."""

_CHECK_SECONDS = 2.5  # readiness waits for three
_COPY_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 256 * 1024
"""A store that takes a film slower than this counts as away."""

# S3 takes no smaller pieces, and 4 at once fill a gigabit line to a store 150 ms away.
_PIECE_BYTES = 5 * 1024 * 1024
_PIECES_AT_ONCE = 4
_LISTED_AT_ONCE = 1000

_MEDIA_TYPES = {".mp4": "video/mp4", ".webp": "image/webp", ".jpg": "image/jpeg"}


class RemoteObjectStore:
    """ObjectStore on a bucket; clients fetch from there by presigned URL.

    `reached_by_clients` is the same bucket under the address that clients know, if theirs is another.
    """

    def __init__(
        self, bucket: Bucket, *, name: str, reached_by_clients: Bucket | None = None
    ) -> None:
        self._bucket = bucket
        self._signing = reached_by_clients or bucket
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        """A `path` that cannot be opened is the caller's fault, and raises OSError."""
        size = await asyncio.to_thread(_readable_size, path)
        await self._put(key, path, within=ANSWER_SECONDS + size / _SLOWEST_BYTES_PER_SECOND)

    async def put_bytes(self, key: ObjectKey, data: bytes) -> None:
        await self._put(key, data, within=ANSWER_SECONDS + len(data) / _SLOWEST_BYTES_PER_SECOND)

    async def put_new(self, key: ObjectKey, data: bytes) -> bool:
        """Servers that know no conditional writes refuse it, or replace the object."""
        check_key(key)
        putting = self._bucket.put_async(key, data, mode="create", attributes=_attributes(key))
        try:
            await _answered(putting, doing="written")
        except AlreadyExistsError:
            return False
        except FileNotFoundError as error:
            raise _no_bucket() from error
        return True

    async def copy(self, key: ObjectKey, target: ObjectKey) -> None:
        check_key(key)
        check_key(target)
        # Asked first, so that only a store that answers is given the time that a long film needs.
        await self._found(key, self._bucket.head_async(key))
        await self._found(key, self._bucket.copy_async(key, target), within=_COPY_SECONDS)

    async def read(self, key: ObjectKey) -> bytes:
        return b"".join([piece async for piece in self._pieces(key)])

    async def fetch_file(self, key: ObjectKey, path: Path) -> None:
        with await asyncio.to_thread(path.open, "wb") as target:
            async for piece in self._pieces(key):
                await asyncio.to_thread(target.write, piece)

    async def locate(self, key: ObjectKey, *, valid_for: timedelta) -> RemoteUrl:
        check_key(key)
        await self._found(key, self._bucket.head_async(key))
        seconds = int(min(valid_for, LINK_LIFE).total_seconds())
        # Servers refuse a URL that is good for no whole second.
        life = timedelta(seconds=max(1, seconds))
        return RemoteUrl(
            await _answered(sign_async(self._signing, "GET", key, life), doing="signed for")
        )

    async def list_objects(self, prefix: str) -> AsyncIterator[StoredObject]:
        check_prefix(prefix)
        stream = aiter(self._bucket.list(prefix, chunk_size=_LISTED_AT_ONCE))
        while page := await _answered(_next(stream), doing="listed"):
            for each in page:
                yield StoredObject(ObjectKey(each["path"]), modified_at=each["last_modified"])

    async def delete_folder(self, prefix: str) -> None:
        check_prefix(prefix)
        stream = aiter(self._bucket.list(prefix, chunk_size=_LISTED_AT_ONCE))
        while page := await _answered(_next(stream), doing="emptied"):
            await self._delete([each["path"] for each in page])

    async def check(self) -> None:
        key = ObjectKey(f"{PROBES}{secrets.token_hex(8)}")
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self.put_bytes(key, b"filmgate")
                await self._delete([key])
        except TimeoutError as error:
            counts.storage_errors.add("written")
            raise StorageUnavailable("The object store does not answer.") from error

    async def _put(self, key: ObjectKey, content: Path | bytes, *, within: float) -> None:
        check_key(key)
        putting = self._bucket.put_async(
            key,
            content,
            attributes=_attributes(key),
            chunk_size=_PIECE_BYTES,
            max_concurrency=_PIECES_AT_ONCE,
        )
        try:
            await _answered(putting, doing="written", within=within)
        except FileNotFoundError as error:
            raise _no_bucket() from error

    async def _pieces(self, key: ObjectKey) -> AsyncIterator[bytes]:
        check_key(key)
        answer = await self._found(key, self._bucket.get_async(key))
        stream = aiter(answer.stream(min_chunk_size=_PIECE_BYTES))
        while piece := await self._found(key, _next(stream)):
            yield piece

    async def _delete(self, keys: list[str]) -> None:
        try:
            await _answered(self._bucket.delete_async(keys), doing="emptied")
        except FileNotFoundError:
            # Google and Azure mind when another was faster, and may have left the rest undone.
            for key in keys:
                await self._delete_one(key)

    async def _delete_one(self, key: str) -> None:
        try:
            await _answered(self._bucket.delete_async(key), doing="emptied")
        except FileNotFoundError:
            await self._check_bucket()

    async def _found(
        self, key: ObjectKey, request: Awaitable[T], *, within: float = ANSWER_SECONDS
    ) -> T:
        try:
            return await _answered(request, doing="read", within=within)
        except FileNotFoundError as error:
            await self._check_bucket()
            raise NotFound(f"There is no object {key!r}.") from error

    async def _check_bucket(self) -> None:
        # A bucket that is gone must not be mistaken for an empty one.
        try:
            await _answered(_next(aiter(self._bucket.list(PROBES))), doing="read")
        except FileNotFoundError as error:
            raise _no_bucket() from error


async def _next(stream: AsyncIterator[T]) -> T | None:
    # Not anext's own default: obstore's iterators are no generators, and it fails on them.
    try:
        return await anext(stream)
    except StopAsyncIteration:
        return None


async def _answered(request: Awaitable[T], *, doing: str, within: float = ANSWER_SECONDS) -> T:
    """The store's answer, or its error in our words; that something is there or not is for the caller to say."""
    try:
        async with asyncio.timeout(within):
            return await request
    except (FileNotFoundError, AlreadyExistsError):
        raise
    except (PermissionDeniedError, UnauthenticatedError) as error:
        counts.storage_errors.add(doing)
        raise StorageUnavailable(
            f"The object store cannot be {doing} with the credentials that we have."
        ) from error
    except (BaseError, OSError) as error:
        counts.storage_errors.add(doing)
        raise StorageUnavailable(f"The object store cannot be {doing} at the moment.") from error


def _no_bucket() -> StorageUnavailable:
    counts.storage_errors.add("found")
    return StorageUnavailable("The object store's bucket is missing.")


def _readable_size(path: Path) -> int:
    with path.open("rb") as file:
        return file.seek(0, 2)


def _attributes(key: ObjectKey) -> dict[str, str]:
    """What a browser is told that follows a presigned URL: play it here, or save it under the video's id."""
    path = PurePosixPath(key)
    owner = path.parts[1].partition(".")[0] if len(path.parts) > 1 else path.stem
    return {
        "Content-Type": _MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        "Content-Disposition": f'inline; filename="{owner}{path.suffix}"',
        "Cache-Control": f"private, max-age={LINK_LIFE.seconds}",
    }
