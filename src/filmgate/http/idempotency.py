"""The Idempotency-Key header, and the fingerprint by which a create sent again is told from another one."""

import asyncio
import json
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path

from starlette.requests import Request

from filmgate.core.account import AccountId
from filmgate.core.errors import InvalidRequest, MalformedRequest
from filmgate.core.idempotency import HEADER, Claim, check_key
from filmgate.http.bodies.announced import announced_bytes
from filmgate.http.bodies.fields import Fields
from filmgate.http.bodies.reading import INLINE_BYTES
from filmgate.http.bodies.uploads import Upload

REPLAYED = {"idempotent-replayed": "true"}

_IN_ORDER = json.JSONEncoder(sort_keys=True)


async def claim_of(request: Request, fields: Fields, *, account_id: AccountId) -> Claim | None:
    """None without the header. Raises InvalidRequest for a key that is none."""
    keys = request.headers.getlist(HEADER)
    if not keys:
        return None
    if len(keys) > 1:
        raise InvalidRequest(HEADER, f"{HEADER} comes {len(keys)} times; send it once.")
    key = check_key(keys[0])
    path = request.scope["path"]
    if _is_short(request):
        fingerprint = fingerprint_of(fields.values, path=path)
    else:
        fingerprint = await asyncio.to_thread(fingerprint_of, fields.values, path=path)
    return Claim.new(account_id, key, fingerprint=fingerprint)


def _is_short(request: Request) -> bool:
    """A text that is read in less time than a thread takes to begin. Files are elsewhere, and read from there."""
    is_text = not request.headers.get("content-type", "").startswith("multipart/")
    return is_text and 0 < announced_bytes(request.headers) < INLINE_BYTES


def fingerprint_of(values: Mapping[str, object], *, path: str) -> bytes:
    """Of all that was sent, whether we know it or not, and where to: the path tells dialect, call and source.

    The spelling does not count: clients go from JSON to forms with a version, and 8 is as good as "8".
    """
    try:
        said = _IN_ORDER.encode([path, _as_form(values)])
    except RecursionError as error:
        raise MalformedRequest(None, "The JSON body is nested too deeply.") from error
    return sha256(said.encode()).digest()


def _as_form(value: object) -> object:
    """Only texts, in lists and objects, as a form has them. So a number can stand for the bytes of an upload."""
    match value:
        case Upload():
            return _number_of(value.path)
        case dict():
            return {
                name: each if type(each) is str else _as_form(each)  # as most are
                for name, each in value.items()
                if each is not None
            }
        case list():
            return [_as_form(each) for each in value]
        case None | str():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return json.dumps(value)


def _number_of(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file_digest(file, sha256).digest())
