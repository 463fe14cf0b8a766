"""Uploads: the files of one request, on disk for as long as the request is worked on."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from filmgate.core.errors import StorageUnavailable
from filmgate.http.bodies.room import Share
from filmgate.processes.threads import to_the_end


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client sent. Its name and declared type are not kept: neither can be trusted."""

    path: Path
    size_bytes: int


class Uploads:
    """Hands out paths, writes to them in a thread, and knows them all. Whatever ends the block, its files are gone
    afterwards.
    """

    def __init__(self, scratch: Path, disk: Share) -> None:
        self._scratch = scratch
        self._disk = disk
        self._paths: list[Path] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._paths:
            await to_the_end(partial(_remove, self._paths))

    def new_path(self) -> Path:
        path = self._scratch / secrets.token_hex(16)
        self._paths.append(path)
        return path

    async def append(self, pieces: Sequence[tuple[Path, bytearray]]) -> None:
        """Add each piece to the end of its file, which the first one creates. Raises StorageUnavailable, or what a Share does."""
        self._disk.add(sum(len(data) for _, data in pieces))
        try:
            await to_the_end(partial(_append, pieces))
        except OSError as error:
            raise StorageUnavailable("An upload cannot be stored at the moment.") from error


def _append(pieces: Sequence[tuple[Path, bytearray]]) -> None:
    for path, data in pieces:
        with path.open("ab") as file:
            file.write(data)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
