"""Signed URLs: a path and a query that carry their own expiry and the proof that we wrote them.

Nothing is stored, so a link cannot be taken back here: whoever serves it asks the video's row too.
"""

import base64
import calendar
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from filmgate.core.errors import InvalidSignature, VideoExpired
from filmgate.core.spec import ObjectKey
from filmgate.storage.keys import check_key, is_key

PATH_PREFIX = "/files/"

SECRET_BYTES = 32
"""The least length of a signing secret, and a good one."""

_VERSION = "1"
_NAMES = ("v", "kid", "expires", "signature")
_KEY_ID = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_EXPIRY = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedLink:
    """A link that we wrote. `expires` is in Unix seconds."""

    key: ObjectKey
    expires: int

    def check(self, *, now: datetime) -> None:
        """Raise VideoExpired when its time is over."""
        if _seconds(now) >= self.expires:
            raise VideoExpired(f"This link expired at {_moment(self.expires)}.")


class LinkSigner:
    """Signs with the current key; links signed with any of the others stay good until it is retired."""

    def __init__(self, keys: Mapping[str, bytes], *, current: str) -> None:
        for key_id, secret in keys.items():
            _check_signing_key(key_id, secret)
        if current not in keys:
            raise ValueError(f"the current signing key {current!r} is not among {sorted(keys)}")
        self._keys = dict(keys)
        self._current = current

    def sign(self, key: ObjectKey, *, expires_at: datetime) -> str:
        """Path and query of the link. It ends with the second in which `expires_at` lies, never later."""
        check_key(key)
        expiry = str(_seconds(expires_at))
        proof = self._proof(self._current, expiry=expiry, key=key)
        values = (_VERSION, self._current, expiry, proof)
        query = "&".join(map("=".join, zip(_NAMES, values, strict=True)))
        return f"{PATH_PREFIX}{key}?{query}"

    def verify(self, key: str, query: Mapping[str, str] | str, *, now: datetime) -> ObjectKey:
        """Return the key if it and the query are exactly as signed, and the link is still good.

        Raises as `read`, or VideoExpired for a link that was good once.
        """
        link = self.read(key, query)
        link.check(now=now)
        return link.key

    def read(self, key: str, query: Mapping[str, str] | str) -> "SignedLink":
        """The link, if it is exactly as signed, expired or not. Raises InvalidSignature.

        Pass the raw query where there is one: a mapping no longer shows that a name came twice.
        """
        key_id, expiry, proof = _parsed(query)
        if not is_key(key) or key_id not in self._keys:
            raise _invalid()
        # The proof before the time: only who holds a true link may learn that it has expired.
        if not hmac.compare_digest(proof, self._proof(key_id, expiry=expiry, key=key).encode()):
            raise _invalid()
        return SignedLink(ObjectKey(key), int(expiry))

    def _proof(self, key_id: str, *, expiry: str, key: str) -> str:
        # No part can hold a newline, so no two different links share a message.
        message = f"{_VERSION}\n{key_id}\n{expiry}\n{key}".encode("ascii")
        digest = hmac.digest(self._keys[key_id], message, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _check_signing_key(key_id: str, secret: bytes) -> None:
    if _KEY_ID.fullmatch(key_id) is None:
        raise ValueError(f"signing key id {key_id!r}: use 1 to 32 of a-z, 0-9 and -")
    if len(secret) < SECRET_BYTES:
        raise ValueError(
            f"signing key {key_id!r} has {len(secret)} bytes; use {SECRET_BYTES} or more"
        )


def _seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a link's times must be aware")
    return calendar.timegm(at.utctimetuple())


def _parsed(query: Mapping[str, str] | str) -> tuple[str, str, bytes]:
    """Key id, expiry and proof, if the names are ours, once each and in our order."""
    pairs = _pairs(query) if isinstance(query, str) else list(query.items())
    if tuple(name for name, _ in pairs) != _NAMES:
        raise _invalid()
    version, key_id, expiry, proof = (value for _, value in pairs)
    if version != _VERSION or _EXPIRY.fullmatch(expiry) is None:
        raise _invalid()
    # Text that is not ASCII cannot be compared in constant time; these bytes simply differ.
    return key_id, expiry, proof.encode("utf-8", "replace")


def _pairs(query: str) -> list[tuple[str, str]]:
    # By hand: a parser that decodes %41 would accept forms of a link that we never wrote.
    return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&"))]


def _invalid() -> InvalidSignature:
    return InvalidSignature("This link was not signed by this server, or was altered.")


def _moment(expires: int) -> str:
    return datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z")
