"""Which object keys exist at all: the one pattern that every store and every link holds to."""

import re

_SEGMENT = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*", re.ASCII)

LENGTH_LIMIT = 512
"""Characters of a key. S3 takes 1024; the rest is left to whoever puts a prefix before ours."""

SEGMENT_LENGTH_LIMIT = 200
"""File systems take 255 bytes a name, and the local store adds a suffix while it writes."""

PROBES = "probes/"
"""The folder of what checks write and remove again: whatever lies there longer can go."""


def is_key(text: str) -> bool:
    """Lower-case letters, digits, `-`, `_` and inner dots, in segments joined by single slashes."""
    return (
        len(text) <= LENGTH_LIMIT
        and _KEY.fullmatch(text) is not None
        and max(map(len, text.split("/"))) <= SEGMENT_LENGTH_LIMIT
    )


def check_key(key: str) -> None:
    """Raise ValueError: we make every key ourselves, so a bad one is a fault of ours."""
    if not is_key(key):
        raise ValueError(f"{key!r} is not an object key such as videos/0abc/1/video.mp4")


def check_prefix(prefix: str) -> None:
    """As `check_key`, for the name of a folder of objects: a key and a final slash."""
    if not (prefix.endswith("/") and is_key(prefix[:-1])):
        raise ValueError(f"{prefix!r} is not a folder of objects such as videos/0abc/")
