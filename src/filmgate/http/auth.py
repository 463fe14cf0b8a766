"""Who is asking: the API key out of the Authorization header, and whether its account asks too often."""

from starlette.requests import Request

from filmgate.core.account import Caller
from filmgate.core.errors import Unauthenticated
from filmgate.http.addresses import origin
from filmgate.http.answer_headers import tell
from filmgate.http.services import Services


async def authenticate(request: Request, services: Services) -> Caller:
    """Raises Unauthenticated: no key, not a bearer key, or not one of ours. Raises RateLimited.

    What a known key's account asks too much is refused without troubling the database.
    """
    known = services.wrong_keys.recall(_key(request))
    if known is not None:
        _count(request, services, known)
    caller = await recognise(request, services)
    if known is None:
        _count(request, services, caller)
    return caller


async def recognise(request: Request, services: Services) -> Caller:
    """As `authenticate`, of a request that is counted already."""
    return await services.wrong_keys.recognise(
        _key(request), address=origin(request.scope), database=services.database
    )


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
    if any(character.isspace() for character in key):
        raise Unauthenticated(f"The key in the Authorization header contains a space. {_HOW}")
    return key


def _key(request: Request) -> str:
    return bearer_key(request.headers.get("authorization"))


def _count(request: Request, services: Services, caller: Caller) -> None:
    standing = services.request_rate.count(caller)
    if standing is not None:
        tell(request.scope, standing.headers)
        standing.check()


_HOW = "Send the header: Authorization: Bearer YOUR_API_KEY"
