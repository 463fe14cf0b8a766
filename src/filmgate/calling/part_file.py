"""A download on its way: where its bytes wait until they are whole, and how it is resumed."""

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Self

import httpx2

from filmgate.calling.errors import UnexpectedAnswer


class PartFile:
    """The bytes of a download that have arrived, beside their target until they are whole.

    A target that is a device or a pipe is written into, and what a link names is replaced, not the link.
    """

    def __init__(self, target: Path) -> None:
        self._target = target.resolve()
        self._is_file = not self._target.exists() or self._target.is_file()
        self._path = self._target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._etag = ""

    def __enter__(self) -> Self:
        # What is neither seekable nor replaceable gets its bytes from a temporary file at the end.
        self._file = self._path.open("xb+") if self._is_file else tempfile.TemporaryFile("wb+")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def resume_headers(self) -> dict[str, str]:
        """Ask for the rest only where the server can tell whether it still is the rest of the same bytes."""
        position = self._file.tell()
        if not position or not self._etag:
            return {}
        return {"Range": f"bytes={position}-", "If-Range": self._etag}

    def begin(self, response: httpx2.Response) -> None:
        """The server may send the rest (206) or begin anew."""
        etag = response.headers.get("etag", "")
        self._etag = "" if etag.startswith("W/") else etag
        if response.status_code != 206:
            self._file.seek(0)
            self._file.truncate()
        elif not response.headers.get("content-range", "").startswith(
            f"bytes {self._file.tell()}-"
        ):
            raise UnexpectedAnswer(f"{response.url} sent another part than was asked for.")

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def keep(self) -> None:
        if self._is_file:
            self._file.close()
            self._path.replace(self._target)
            return
        self._file.seek(0)
        with self._target.open("wb") as target:
            shutil.copyfileobj(self._file, target)
