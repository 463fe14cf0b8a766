"""The body of a recognised caller, within what its account may have under way at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from filmgate.core.account import AccountId
from filmgate.http.bodies.fields import Fields
from filmgate.http.bodies.reading import open_fields
from filmgate.http.services import Services


@asynccontextmanager
async def open_body(
    services: Services, request: Request, *, account_id: AccountId
) -> AsyncIterator[Fields]:
    """As `open_fields`. Raises RateLimited or ServiceUnavailable when there is no room."""
    with services.memory.share(account_id) as memory, services.disk.share(account_id) as disk:
        async with open_fields(
            request, scratch=services.scratch, memory=memory, disk=disk
        ) as fields:
            yield fields
