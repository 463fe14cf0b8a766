"""Who is asking: the API key out of the Authorization header."""

from starlette.requests import Request

from filmgate.core.account import Caller
from filmgate.core.errors import Unauthenticated
from filmgate.database.connection import Database
from filmgate.usecases import accounts


async def authenticate(request: Request, database: Database) -> Caller:
    """Raises Unauthenticated: no key, not a bearer key, or not one of ours."""
    return await accounts.authenticate(database, bearer_key(request.headers.get("authorization")))


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


_HOW = "Send the header: Authorization: Bearer YOUR_API_KEY"
