"""Stored files on their way to clients, read so that the event loop stays free for everybody else.

What the kernel has in memory is copied at once; what it has not, threads fetch that do nothing else. All downloads
of a process together move one piece in each turn of the loop, whoever has waited longest first.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PIECE_BYTES: Final = 128 * 1024
"""Of every download that its client is slow to take, one is held in memory."""

_THREADS: Final = 4

# Linux can say that a read would have to wait for the disk. Elsewhere every read is a thread's.
_AT_ONCE: Final[int | None] = getattr(os, "RWF_NOWAIT", None)


class FileReads:
    """What all downloads of a process share."""

    def __init__(self) -> None:
        # Not the loop's own threads: a slow disk must not keep image checks and probes waiting.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="file-reads")
        self.turns = _Turns()

    def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads.submit(work, *args, **kwargs)

    async def stat(self, path: Path) -> os.stat_result:
        """Raises FileNotFoundError."""
        return await asyncio.wrap_future(self.in_thread(path.stat))

    @asynccontextmanager
    async def opened(self, path: Path) -> AsyncIterator["OpenFile"]:
        """The file, at its beginning."""
        file = OpenFile(self, path)
        try:
            await file.ready()
            yield file
        finally:
            file.close()


class OpenFile:
    """One download's file, and how far it has come."""

    def __init__(self, reads: FileReads, path: Path) -> None:
        self._reads = reads
        self._opening = reads.in_thread(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        self._latest: Future[int] | Future[bytes] = self._opening
        self._position = 0

    async def ready(self) -> None:
        """Raises OSError where it cannot be opened."""
        await asyncio.wrap_future(self._opening)

    async def seek(self, position: int) -> None:
        self._position = position

    async def read(self, limit: int) -> bytes | bytearray:
        """The next bytes, fewer than `limit` at the file's end alone."""
        await self._reads.turns.next()
        found = _from_memory(self._opening.result(), at=self._position, count=limit)
        piece = await self._from_disk(limit) if found is None else found
        self._position += len(piece)
        return piece

    def close(self) -> None:
        """A download can end while a thread still reads for it, and another file may get the descriptor's number."""
        self._latest.add_done_callback(self._close)

    async def _from_disk(self, limit: int) -> bytes:
        reading = self._reads.in_thread(os.pread, self._opening.result(), limit, self._position)
        self._latest = reading
        return await asyncio.wrap_future(reading)

    def _close(self, _: Future[int] | Future[bytes]) -> None:
        if not self._opening.cancelled() and self._opening.exception() is None:
            os.close(self._opening.result())


class _Turns:
    """One waits for each turn of the event loop: between two of them, everybody else is served."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def next(self) -> None:
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        if len(self._waiting) == 1:
            loop.call_soon(self._call_first)
        await mine

    def _call_first(self) -> None:
        first = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._call_first)
        if not first.cancelled():
            first.set_result(None)


def _from_memory(descriptor: int, *, at: int, count: int) -> bytearray | None:
    """None unless the kernel has all of it at hand."""
    if _AT_ONCE is None:
        return None
    piece = bytearray(count)
    try:
        found = os.preadv(descriptor, [piece], at, _AT_ONCE)
    except OSError:  # it would have to wait, or the file system cannot say
        return None
    return piece if found == count else None
