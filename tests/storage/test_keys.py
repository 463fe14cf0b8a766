"""Object keys: one pattern, and nothing that a file system could read as a way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.storage.keys import (
    LENGTH_LIMIT,
    SEGMENT_LENGTH_LIMIT,
    check_key,
    check_prefix,
    is_key,
)


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "video.mp4",
        "videos/01k9zq3v8h5e7g2m4n6p8r0s1t/1/video.mp4",
        "references/0abc/0.png",
        "probe-00ff",
        "a_b-c/d.e.f",
        "x" * SEGMENT_LENGTH_LIMIT,
    ],
)
def test_keys_of_ours_are_keys(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "a..b",
        ".hidden",
        "a/.hidden",
        "trailing.",
        "A/video.mp4",
        "a b",
        "a\\b",
        "a\n",
        "a\0b",
        "a%2e%2e/b",
        "a:b",
        "a#1",
        "vidéo.mp4",
        "a\u0660",  # a digit, but not of ours
        "x" * (SEGMENT_LENGTH_LIMIT + 1),
        "/".join(["abcdefg"] * 65),
    ],
)
def test_anything_else_is_not(key: str) -> None:
    assert not is_key(key)


def test_the_longest_key_is_a_key() -> None:
    assert is_key("/".join(["abcdefg"] * (LENGTH_LIMIT // 8)))


@given(st.text(alphabet="ab./\\\n%~", max_size=12))
def test_no_key_names_a_parent_folder(text: str) -> None:
    if is_key(text):
        assert ".." not in text
        assert not text.startswith("/")
        assert all(text.split("/"))


def test_a_bad_key_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="not an object key"):
        check_key("../a")


@pytest.mark.parametrize("prefix", ["a", "a/b", "", "/", "a//", "../"])
def test_a_prefix_names_a_folder(prefix: str) -> None:
    with pytest.raises(ValueError, match="not a folder"):
        check_prefix(prefix)
