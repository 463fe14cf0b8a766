"""A stored file as an answer: whole, or in the ranges that a client asks for; sent by us, or by the proxy before us."""

from contextlib import AbstractAsyncContextManager
from os import stat_result
from pathlib import Path
from typing import Any

from starlette.responses import (
    FileResponse,
    MalformedRangeHeader,
    RangeNotSatisfiable,
    Response,
)

from filmgate.core.errors import BytesOutOfRange
from filmgate.storage.reading import PIECE_BYTES, FileReads

_TOLD_BY_US = ("content-type", "content-disposition", "cache-control", "x-content-type-options")


class StoredFile(FileResponse):
    """Starlette's, but that it says no in our words, takes for no range what is none (RFC 9110), and reads as we do."""

    chunk_size = PIECE_BYTES

    def __init__(self, path: Path, *, facts: stat_result, reads: FileReads, **options: Any) -> None:
        super().__init__(path, stat_result=facts, **options)
        self._reads = reads
        self._place = path

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable as error:
            raise BytesOutOfRange(file_size) from error

    def _open_file(self) -> AbstractAsyncContextManager[Any]:  # type: ignore[override]
        return self._reads.opened(self._place)


def left_to_the_proxy(file: StoredFile, location: str) -> Response:
    """An empty answer, in whose place nginx sends the file at its internal `location`, in ranges if it was asked so."""
    headers = {name: file.headers[name] for name in _TOLD_BY_US}
    return Response(headers={**headers, "x-accel-redirect": location})
