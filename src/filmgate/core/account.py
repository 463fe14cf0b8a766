"""Accounts and their API keys: what an account may do, how a key looks, and how one is recognised unstored."""

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

AccountId = NewType("AccountId", int)
ApiKeyId = NewType("ApiKeyId", int)

KEY_PREFIX = "sk-fg-"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 32  # 190 bits
_CHECKSUM_LENGTH = 6  # 62**6 > 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What we remember of a key: never the key itself. `hint` is its last four characters."""

    id: ApiKeyId
    account_id: AccountId
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who asks for videos, and how much. A limit that is None does not exist.

    `running_limit` and `queued_limit` count videos. `balance` is in micro-units, the sum of the account's
    ledger; only where it `has_credit` must it never fall below zero.
    """

    id: AccountId
    name: str
    weight: int = 1
    running_limit: int | None = None
    queued_limit: int | None = None
    requests_per_minute: int | None = None
    has_credit: bool = False
    balance: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, once the key was recognised. `requests_per_minute` is the account's own limit."""

    account_id: AccountId
    api_key_id: ApiKeyId
    requests_per_minute: int | None = None


def new_key() -> str:
    """A key of the form `sk-fg-` + 32 random characters + 6 of checksum, shown once and then forgotten."""
    body = "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_LENGTH))
    return f"{KEY_PREFIX}{body}{_checksum(body)}"


def is_plausible(key: str) -> bool:
    """Tell a mistyped key from an unknown one without asking the database.

    A key that an operator chose (`FILMGATE_API_KEY`) has no checksum; any that begins like ours has.
    """
    if not key.startswith(KEY_PREFIX):
        return 8 <= len(key) <= 255 and all("!" <= letter <= "~" for letter in key)
    text = key.removeprefix(KEY_PREFIX)
    body, checksum = text[:_RANDOM_LENGTH], text[_RANDOM_LENGTH:]
    return len(text) == _RANDOM_LENGTH + _CHECKSUM_LENGTH and _checksum(body) == checksum


def digest(key: str) -> bytes:
    """The SHA-256 that stands for the key at rest: a random key of 190 bits needs no salt."""
    return hashlib.sha256(key.encode()).digest()


def hint(key: str) -> str:
    """Enough for a person to tell which key it was, and for nobody to use it."""
    return key[-4:]


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
