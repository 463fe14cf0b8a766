"""Forms as clients send them: multipart and urlencoded bodies, with bracket keys for what is nested.

The result has the shape of the JSON body that would say the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from filmgate.core.errors import MalformedRequest

PART_LIMIT = 200
"""Parts of one form: no create has more than a dozen."""

DEPTH_LIMIT = 8
"""Bracket pairs of one key."""

Leaf = str | bytes
"""Text, or an upload."""

Node = dict[str, "Node"] | list["Node"] | Leaf

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INDEX = re.compile(r"\d{1,4}", re.ASCII)


def read_multipart(body: bytes, content_type: str) -> dict[str, Node]:
    """Raises MalformedRequest for a form that is not whole."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedRequest(None, "The content type multipart/form-data names no boundary.")
    form = _Multipart()
    try:
        form.read(body, boundary)
    except FormParserError as error:
        raise MalformedRequest(None, f"The body is not a multipart form: {error}.") from error
    if not form.is_whole:
        raise MalformedRequest(None, "The multipart form stops before its closing boundary.")
    return unfold(form.leaves)


def read_urlencoded(body: bytes) -> dict[str, Node]:
    """Raises MalformedRequest."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=PART_LIMIT
        )
    except ValueError as error:  # invalid UTF-8 is one too
        raise MalformedRequest(None, f"The body is not an urlencoded form: {error}.") from error
    return unfold(pairs)


def unfold(leaves: Iterable[tuple[str, Leaf]]) -> dict[str, Node]:
    """`a[b]` becomes a member, `a[]` and `a[0]` an element, and a key that comes twice a list."""
    tree: dict[str, Node] = {}
    for key, leaf in leaves:
        _place(tree, _segments(key), leaf)
    return {name: _with_lists(node) for name, node in tree.items()}


@dataclass(slots=True)
class _Part:
    header: bytes = b""
    value: bytes = b""
    disposition: bytes = b""
    data: bytearray = field(default_factory=bytearray)


class _Multipart:
    """Collects the parts of a form as the parser meets them."""

    def __init__(self) -> None:
        self.leaves: list[tuple[str, Leaf]] = []
        self.is_whole = False
        self._part = _Part()

    def read(self, body: bytes, boundary: bytes) -> None:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._read_header,
                "on_header_value": self._read_value,
                "on_header_end": self._end_header,
                "on_part_data": self._read_data,
                "on_part_end": self._end,
                "on_end": self._end_form,
            },
        )
        parser.write(body)

    def _begin(self) -> None:
        self._part = _Part()

    def _read_header(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _end_header(self) -> None:
        if self._part.header.lower() == b"content-disposition":
            self._part.disposition = self._part.value
        self._part.header = self._part.value = b""

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        self._part.data += data[start:end]

    def _end(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        if b"name" not in options:
            raise MalformedRequest(None, "A part of the multipart form has no name.")
        if len(self.leaves) == PART_LIMIT:
            raise MalformedRequest(None, f"The form has more than {PART_LIMIT} parts.")
        name, file_name = options[b"name"], options.get(b"filename")
        data = bytes(self._part.data)
        # What a browser sends for a file field in which nothing was chosen.
        if file_name == b"" and not data:
            return
        leaf = _text_or_upload(data) if file_name is None else data
        self.leaves.append((name.decode(errors="replace"), leaf))

    def _end_form(self) -> None:
        self.is_whole = True


def _text_or_upload(data: bytes) -> Leaf:
    # Some clients send a picture without a file name; no picture format is valid UTF-8.
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _segments(key: str) -> list[str]:
    """`a[b][]` is a, b and an empty one. A key with odd brackets is only a name."""
    match = _KEY.fullmatch(key)
    if match is None:
        return [key]
    brackets = match[2][1:-1].split("][") if match[2] else []
    if len(brackets) > DEPTH_LIMIT:
        raise MalformedRequest(None, f"A key of the form is nested deeper than {DEPTH_LIMIT}.")
    return [match[1], *brackets]


def _place(tree: dict[str, Node], path: list[str], leaf: Leaf) -> None:
    key, *rest = path
    key = key or str(len(tree))  # `[]` is the next element
    if rest:
        branch = tree.setdefault(key, {})
        if not isinstance(branch, dict):
            raise MalformedRequest(None, f"The form's {key[:100]!r} is both a value and a group.")
        _place(branch, rest, leaf)
    elif key in tree:
        before = tree[key]
        tree[key] = [*before, leaf] if isinstance(before, list) else [before, leaf]
    else:
        tree[key] = leaf


def _with_lists(node: Node) -> Node:
    """Groups whose keys are all numbers are lists."""
    if isinstance(node, list):
        return [_with_lists(child) for child in node]
    if not isinstance(node, dict):
        return node
    if all(_INDEX.fullmatch(key) for key in node):
        return [_with_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _with_lists(child) for key, child in node.items()}
