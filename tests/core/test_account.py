"""How an API key looks, and which slips of the keyboard are noticed without asking the database."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.core import account


def test_a_key_has_prefix_secret_and_checksum_and_is_never_made_twice() -> None:
    keys = {account.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"sk-fg-[0-9A-Za-z]{38}", key) for key in keys)
    assert all(map(account.is_plausible, keys))


@given(position=st.integers(6, 43), letter=st.sampled_from("0aZ"))
def test_one_wrong_letter_is_noticed(position: int, letter: str) -> None:
    key = account.new_key()
    altered = key[:position] + letter + key[position + 1 :]
    assert account.is_plausible(altered) == (altered == key)


@pytest.mark.parametrize("key", ["", "short", "sk-fg-", "sk-fg-" + "a" * 37, "k" * 256])
def test_what_cannot_be_a_key_is_not_plausible(key: str) -> None:
    assert not account.is_plausible(key)


def test_a_key_that_an_operator_chose_needs_no_checksum() -> None:
    assert account.is_plausible("ci-secret-1")


def test_the_digest_is_not_the_key_and_the_hint_is_too_short_to_be_one() -> None:
    key = account.new_key()
    assert key.encode() not in account.digest(key)
    assert len(account.digest(key)) == 32
    assert account.hint(key) == key[-4:]
