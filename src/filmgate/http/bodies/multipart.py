"""Multipart bodies, read as they arrive: texts stay in memory, uploads go to disk.

What the keys mean is in `forms.py`.
"""

import asyncio
import codecs
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from filmgate.core.errors import MalformedRequest, RequestTooLarge
from filmgate.http.bodies.forms import PART_LIMIT, Leaf, Node, unfold
from filmgate.http.bodies.room import Share
from filmgate.http.bodies.uploads import Upload, Uploads

UPLOAD_LIMIT = 16
"""Uploads of one form."""

TEXT_LIMIT = 32 * 1024 * 1024
"""Bytes of a form's texts together: room for a picture of the largest size in base64."""

HEADER_COUNT_LIMIT = 8
HEADER_LIMIT = 4 * 1024
"""Bytes of one header: room for a whole path as the file name."""

# Nothing but beginnings of the boundary, the slowest body there is, takes 240 ms per MB: 16 ms for a piece.
_PIECE_BYTES = 64 * 1024

# A picture of 60 KB is read and on disk after 1.4 ms, which is not worth another way for small ones.
_WRITE_BYTES = 256 * 1024


async def read_multipart(
    body: AsyncIterable[bytes], content_type: str, *, uploads: Uploads, memory: Share
) -> dict[str, Node]:
    """Raises MalformedRequest for a form that is not whole, RequestTooLarge, StorageUnavailable, or what a Share does."""
    form = _Form(uploads, memory)
    with _malformed():
        parser = form.parser(_boundary(content_type))
    async for chunk in body:
        for start in range(0, len(chunk), _PIECE_BYTES):
            with _malformed():
                parser.write(chunk[start : start + _PIECE_BYTES])
            await form.write_uploads()
    if not form.is_whole:
        raise MalformedRequest(None, "The multipart form stops before its closing boundary.")
    return unfold(form.leaves)


@dataclass(slots=True)
class _Header:
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Part:
    """What is known of the part under way. `decoder` is None in an upload, `path` in a text."""

    header: _Header = field(default_factory=_Header)
    disposition: bytes = b""
    name: str = ""
    file_name: bytes | None = None
    data: bytearray = field(default_factory=bytearray)
    decoder: codecs.IncrementalDecoder | None = None
    path: Path | None = None
    size_bytes: int = 0


class _Form:
    """Collects the parts of a form as the parser meets them."""

    def __init__(self, uploads: Uploads, memory: Share) -> None:
        self.leaves: list[tuple[str, Leaf]] = []
        self.is_whole = False
        self._uploads = uploads
        self._memory = memory
        self._ended: list[tuple[Path, bytearray]] = []
        self._part = _Part()
        self._part_count = self._upload_count = self._text_bytes = 0

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._read_header_name,
                "on_header_value": self._read_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._read_data,
                "on_part_end": self._end,
                "on_end": self._end_form,
            },
            max_header_count=HEADER_COUNT_LIMIT,
            max_header_size=HEADER_LIMIT,
        )

    async def write_uploads(self) -> None:
        """Write what has come in of them, once it is worth the way to another thread."""
        part, pieces = self._part, self._ended
        if part.path is not None and len(part.data) >= _WRITE_BYTES:
            pieces.append((part.path, part.data))
            part.data = bytearray()
        self._ended = []
        if pieces:
            await self._uploads.append(pieces)
        else:
            await asyncio.sleep(0)  # a body that is already there would never pause

    def _begin(self) -> None:
        self._part = _Part()
        self._part_count += 1
        if self._part_count > PART_LIMIT:
            raise MalformedRequest(None, f"The form has more than {PART_LIMIT} parts.")

    def _read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.header.name += data[start:end]

    def _read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header.value += data[start:end]

    def _end_header(self) -> None:
        header, self._part.header = self._part.header, _Header()
        if header.name.lower() == b"content-disposition":
            self._part.disposition = bytes(header.value)

    def _end_headers(self) -> None:
        part = self._part
        _, options = parse_options_header(part.disposition)
        if b"name" not in options:
            raise MalformedRequest(None, "A part of the multipart form has no name.")
        part.name = options[b"name"].decode(errors="replace")
        part.file_name = options.get(b"filename")
        if part.file_name is None:
            part.decoder = codecs.getincrementaldecoder("utf-8")()

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        part, piece = self._part, data[start:end]
        part.data += piece
        part.size_bytes += len(piece)
        if part.decoder is not None and _is_text(part.decoder, piece):
            self._count_text_bytes(len(piece))
        elif part.path is None:
            self._begin_upload(part)

    def _count_text_bytes(self, count: int) -> None:
        self._memory.add(count)
        self._text_bytes += count
        if self._text_bytes > TEXT_LIMIT:
            raise RequestTooLarge(
                f"The texts of a form may have {TEXT_LIMIT} bytes at most; send pictures and videos as files."
            )

    def _begin_upload(self, part: _Part) -> Path:
        # Some clients send a picture without a file name; no picture or video is valid UTF-8.
        part.decoder = None
        part.path = self._uploads.new_path()
        self._upload_count += 1
        if self._upload_count > UPLOAD_LIMIT:
            raise MalformedRequest(None, f"The form has more than {UPLOAD_LIMIT} files.")
        return part.path

    def _end(self) -> None:
        part, self._part = self._part, _Part()
        if part.decoder is not None and _is_text(part.decoder, b"", is_last=True):
            self.leaves.append((part.name, part.data.decode()))
            return
        # Without a name and empty: what a browser sends for a file field in which nothing was chosen.
        if part.file_name == b"" and part.size_bytes == 0:
            return
        path = part.path or self._begin_upload(part)
        self._ended.append((path, part.data))
        self.leaves.append((part.name, Upload(path, part.size_bytes)))

    def _end_form(self) -> None:
        self.is_whole = True


def _boundary(content_type: str) -> bytes:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedRequest(None, "The content type multipart/form-data names no boundary.")
    return boundary


@contextmanager
def _malformed() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        raise MalformedRequest(None, f"The body is not a multipart form: {error}.") from error


def _is_text(decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool = False) -> bool:
    try:
        decoder.decode(piece, is_last)
    except UnicodeDecodeError:
        return False
    return True
