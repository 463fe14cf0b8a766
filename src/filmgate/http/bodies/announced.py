"""How long a body says that it is."""

from starlette.datastructures import Headers


def announced_bytes(headers: Headers) -> int:
    """Zero where the length is not announced, or not as a number."""
    length = headers.get("content-length", "")
    # Twenty digits are more than any limit, and never more than Python likes to read.
    return int(length[:20]) if length.isascii() and length.isdigit() else 0
