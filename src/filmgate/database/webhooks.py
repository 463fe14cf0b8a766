"""The `webhook_endpoint` table. What is sent to endpoints is in `database/deliveries.py`."""

from datetime import timedelta

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.event import EventType
from filmgate.core.webhook import Endpoint, EndpointId

_COLUMNS = "id, account_id, url, events, created_at, disabled_reason"


async def insert(
    connection: asyncpg.Connection, endpoint: Endpoint, *, secret: bytes, most: int
) -> bool:
    """Return False, having done nothing, where the account has `most` endpoints already."""
    # Two at once must not both be the last one that fits.
    await connection.execute(
        "select from account where id = $1 for no key update", endpoint.account_id
    )
    inserted = await connection.fetchval(
        """
        insert into webhook_endpoint (id, account_id, url, events, secret, created_at)
        select $1, $2, $3, $4, $5, $6
        where (select count(*) from webhook_endpoint where account_id = $2) < $7
        returning true
        """,
        endpoint.id,
        endpoint.account_id,
        endpoint.url,
        list(endpoint.events),
        secret,
        endpoint.created_at,
        most,
    )
    return bool(inserted)


async def find(
    connection: asyncpg.Connection, endpoint_id: EndpointId, *, account_id: AccountId
) -> Endpoint | None:
    row = await connection.fetchrow(
        f"select {_COLUMNS} from webhook_endpoint where id = $1 and account_id = $2",
        endpoint_id,
        account_id,
    )
    return _endpoint(row) if row else None


async def list_all(connection: asyncpg.Connection, account_id: AccountId) -> list[Endpoint]:
    """The account's, oldest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from webhook_endpoint where account_id = $1 order by created_at, id",
        account_id,
    )
    return [_endpoint(row) for row in rows]


async def lock_wanting(
    connection: asyncpg.Connection, account_id: AccountId, type_: EventType
) -> list[EndpointId]:
    """The enabled endpoints that want such events; none of them is disabled before this transaction ends."""
    rows = await connection.fetch(
        """
        select id from webhook_endpoint
        where account_id = $1 and disabled_reason is null and $2 = any(events)
        order by id for share
        """,
        account_id,
        type_,
    )
    return [EndpointId(row["id"]) for row in rows]


async def rotate(
    connection: asyncpg.Connection,
    endpoint_id: EndpointId,
    *,
    account_id: AccountId,
    secret: bytes,
    keep_old_for: timedelta,
) -> Endpoint | None:
    """The old secret keeps signing beside the new one for a while; one that was old already does not."""
    row = await connection.fetchrow(
        f"""
        update webhook_endpoint
        set old_secret = secret, old_secret_until = now() + $4::interval, secret = $3
        where id = $1 and account_id = $2
        returning {_COLUMNS}
        """,
        endpoint_id,
        account_id,
        secret,
        keep_old_for,
    )
    return _endpoint(row) if row else None


async def enable(
    connection: asyncpg.Connection, endpoint_id: EndpointId, *, account_id: AccountId
) -> Endpoint | None:
    row = await connection.fetchrow(
        f"""
        update webhook_endpoint set disabled_reason = null where id = $1 and account_id = $2
        returning {_COLUMNS}
        """,
        endpoint_id,
        account_id,
    )
    return _endpoint(row) if row else None


async def disable(connection: asyncpg.Connection, endpoint_id: EndpointId, *, reason: str) -> bool:
    """Return whether it was this call that did it."""
    disabled = await connection.fetchval(
        """
        update webhook_endpoint set disabled_reason = $2
        where id = $1 and disabled_reason is null
        returning true
        """,
        endpoint_id,
        reason,
    )
    return bool(disabled)


async def lock(connection: asyncpg.Connection, endpoint_id: EndpointId) -> None:
    """Nobody else changes it before this transaction ends: to be taken before any lock on its deliveries."""
    await connection.execute(
        "select from webhook_endpoint where id = $1 for no key update", endpoint_id
    )


async def delete(
    connection: asyncpg.Connection, endpoint_id: EndpointId, *, account_id: AccountId
) -> bool:
    """Its deliveries and their log go with it. Return whether there was one."""
    deleted = await connection.fetchval(
        "delete from webhook_endpoint where id = $1 and account_id = $2 returning true",
        endpoint_id,
        account_id,
    )
    return bool(deleted)


def _endpoint(row: asyncpg.Record) -> Endpoint:
    return Endpoint(
        id=EndpointId(row["id"]),
        account_id=AccountId(row["account_id"]),
        url=row["url"],
        events=tuple(map(EventType, row["events"])),
        created_at=row["created_at"],
        disabled_reason=row["disabled_reason"],
    )
