"""The outermost structure of film files: whether the file is as long as its own lengths say."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_EBML = b"\x1a\x45\xdf\xa3"


class Box(NamedTuple):
    """A part of a file: what it is, and the position behind its last byte."""

    kind: bytes
    end: int


def is_cut_short(path: Path) -> bool:
    """Whether the file ends in the middle of a part. Of an MP4, MOV, WebM or Matroska file."""
    with path.open("rb") as file:
        is_matroska = file.read(len(_EBML)) == _EBML
        file.seek(0)
        end = path.stat().st_size
        return any(box.end > end for box in (_elements(file) if is_matroska else mp4_boxes(file)))


def mp4_boxes(file: BinaryIO) -> Iterator[Box]:
    """The outermost boxes of an MP4, in order."""
    position = 0
    while len(header := file.read(16)) >= 8:
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
        yield Box(kind, position + size)
        if size < 8:  # zero: the box reaches to the end of the file
            return
        position += size
        file.seek(position)


def _elements(file: BinaryIO) -> Iterator[Box]:
    """The outermost elements of a Matroska file: its header, and the segment that holds all the rest."""
    position = 0
    for _ in range(2):
        file.seek(position)
        head = file.read(12)
        id_length = _length_of_number(head[:1])
        size_length = _length_of_number(head[id_length : id_length + 1])
        digits = head[id_length : id_length + size_length]
        size = int.from_bytes(digits) & ((1 << 7 * size_length) - 1)
        if (
            not digits or size == (1 << 7 * size_length) - 1
        ):  # unknown: it was written as it was made
            return
        position += id_length + size_length + size
        yield Box(head[:id_length], position)


def _length_of_number(first: bytes) -> int:
    """How many bytes a number has: its first one begins with so many bits less one that are zero."""
    return 9 - int.from_bytes(first).bit_length()
