"""Bracket keys, and the promise that no field can be anything but read or refused."""

import json
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.core.catalogue import Catalogue
from filmgate.core.errors import InvalidRequest, MalformedRequest
from filmgate.http.bodies.fields import Fields
from filmgate.http.bodies.forms import KEY_LIMIT, Leaf, Node, read_urlencoded, unfold
from filmgate.http.creation import read_order

NAMES = (
    "prompt",
    "model",
    "size",
    "aspect_ratio",
    "seconds",
    "duration",
    "seed",
    "input_reference",
    "image_urls",
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
)


@pytest.mark.parametrize(
    ("leaves", "tree"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("a", "2"), ("a", "3")], {"a": ["1", "2", "3"]}),
        ([("a[]", "1")], {"a": ["1"]}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[1]", "2"), ("a[0]", "1"), ("a[10]", "3")], {"a": ["1", "2", "3"]}),
        ([("a[b]", "1"), ("a[c]", "2")], {"a": {"b": "1", "c": "2"}}),
        ([("a[b][c]", "1")], {"a": {"b": {"c": "1"}}}),
        ([("a[][id]", "1"), ("a[][id]", "2")], {"a": [{"id": "1"}, {"id": "2"}]}),
        ([("a[0", "1"), ("[]", "2"), ("a]b", "3")], {"a[0": "1", "[]": "2", "a]b": "3"}),
        ([("a[²]", "1")], {"a": {"²": "1"}}),
        ([], {}),
    ],
)
def test_bracket_keys_unfold(leaves: Sequence[tuple[str, Leaf]], tree: dict[str, Node]) -> None:
    assert unfold(leaves) == tree


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_json_is_understood_or_refused_by_name(values: dict[str, object]) -> None:
    refusal = None
    try:
        order = read_order(Fields(json.loads(json.dumps(values))))
        Catalogue.default().validate(order.request)
    except InvalidRequest as error:
        refusal = error
    assert refusal is None or (refusal.param in NAMES and len(refusal.message) < 2_000)


@given(st.lists(st.tuples(st.text("ab[]0", max_size=12), st.text(max_size=3))))
def test_any_key_unfolds_or_is_refused(leaves: list[tuple[str, Leaf]]) -> None:
    with suppress(MalformedRequest):
        assert isinstance(unfold(leaves), dict)


@given(st.binary())
def test_any_bytes_are_an_urlencoded_form_or_refused(body: bytes) -> None:
    with suppress(MalformedRequest):
        assert isinstance(read_urlencoded(body), dict)


@pytest.mark.parametrize("key", ["a" * (KEY_LIMIT + 1), "a" + "[b]" * KEY_LIMIT])
def test_an_endless_key_is_refused(key: str) -> None:
    with pytest.raises(MalformedRequest, match=str(KEY_LIMIT)):
        unfold([(key, "1")])
