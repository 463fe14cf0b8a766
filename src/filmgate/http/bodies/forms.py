"""Forms: bracket keys for what is nested, and urlencoded bodies. Multipart bodies are in `multipart.py`.

The result has the shape of the JSON body that would say the same.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from filmgate.core.errors import MalformedRequest
from filmgate.http.bodies.uploads import Upload

PART_LIMIT = 200
"""Parts of one form: no create has more than a dozen."""

KEY_LIMIT = 200
"""Characters of one key."""

DEPTH_LIMIT = 8
"""Bracket pairs of one key."""

Leaf = str | Upload

Node = dict[str, "Node"] | list["Node"] | Leaf

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INDEX = re.compile(r"\d{1,4}", re.ASCII)


def read_urlencoded(body: bytes | bytearray) -> dict[str, Node]:
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


def _segments(key: str) -> list[str]:
    """`a[b][]` is a, b and an empty one. A key with odd brackets is only a name."""
    if len(key) > KEY_LIMIT:
        raise MalformedRequest(None, f"A key of the form is longer than {KEY_LIMIT} characters.")
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
