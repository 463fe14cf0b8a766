"""Who is asking: the API key out of the Authorization header, and whether its account asks too often."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import Scope

from filmgate.core.account import Caller, digest
from filmgate.core.errors import Unauthenticated
from filmgate.http.addresses import origin
from filmgate.http.answer_headers import tell
from filmgate.http.limits import Standing
from filmgate.http.services import Services

_COUNTED = "filmgate.counted"


async def authenticate(request: Request, services: Services) -> Caller:
    """Raises Unauthenticated: no key, not a bearer key, or not one of ours. Raises RateLimited.

    What a known key's account asks too much is refused without troubling the database.
    """
    key = _key(request)
    secret, keys = digest(key), services.wrong_keys.known
    believed = keys.believe(secret)
    known = believed or keys.recall(secret)
    if known is not None:
        _count(request, services, known)
    caller = believed or await _recognised(request, services, key)
    if known is None:
        _count(request, services, caller)
    return caller


def plain_caller(scope: Scope, services: Services, sent: Mapping[bytes, bytes]) -> Caller | None:
    """As `authenticate`, where that needs no look and has nothing to complain of; else None, whatever it is.

    Of the headers that were `sent`, each once.
    """
    scheme, _, key = sent.get(b"authorization", b"").partition(b" ")
    if scheme != b"Bearer":
        return None
    caller = services.wrong_keys.known.believe(digest(key.decode("latin-1")))
    if caller is None:
        return None
    standing = count_once(scope, services, caller)
    return None if standing is not None and standing.is_over else caller


async def recognise(request: Request, services: Services) -> Caller:
    """As `authenticate`, of a request that is counted already."""
    return await _recognised(request, services, _key(request))


def bearer_key(header: str | None) -> str:
    """The key in `Bearer KEY`; raises Unauthenticated, saying what the header should look like."""
    if header is None:
        raise Unauthenticated(f"This request carries no API key. {_HOW}")
    scheme, _, key = header.strip().partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer":
        raise Unauthenticated(f"The Authorization header is not of the scheme Bearer. {_HOW}")
    if not key:
        raise Unauthenticated(f"The Authorization header holds no key. {_HOW}")
    if key.split() != [key]:
        raise Unauthenticated(f"The key in the Authorization header contains a space. {_HOW}")
    return key


async def _recognised(request: Request, services: Services, key: str) -> Caller:
    return await services.wrong_keys.recognise(
        key, address=origin(request.scope), database=services.database
    )


def _key(request: Request) -> str:
    return bearer_key(request.headers.get("authorization"))


def count_once(scope: Scope, services: Services, caller: Caller) -> Standing | None:
    """How the caller stands with this request, which is counted the first time that this is asked of it.

    None where there is no limit.
    """
    if _COUNTED not in scope:
        standing = scope[_COUNTED] = services.request_rate.count(caller)
        if standing is not None:
            tell(scope, standing.headers)
    counted: Standing | None = scope[_COUNTED]
    return counted


def _count(request: Request, services: Services, caller: Caller) -> None:
    standing = count_once(request.scope, services, caller)
    if standing is not None:
        standing.check()


_HOW = "Send the header: Authorization: Bearer YOUR_API_KEY"
