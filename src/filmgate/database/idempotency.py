"""The `idempotency` table: who holds a key, and what has been made of it.

A key is made once it has a `made_id`; until then its `holder` holds it, and no longer than `held_until`.
"""

from collections.abc import Collection
from datetime import timedelta

import asyncpg

from filmgate.core.idempotency import Claim, KnownKey


async def take(
    connection: asyncpg.Connection, claim: Claim, *, lease: timedelta, keep_for: timedelta
) -> bool:
    """Hold the key, if it is new, forgotten, or held by a request that has fallen silent. Return whether it was.

    Waits for a transaction that is making something of the key at this moment.
    """
    taken = await connection.fetchval(
        """
        insert into idempotency as known (account_id, key, fingerprint, holder, held_until)
        values ($1, $2, $3, $4, now() + $5::interval)
        on conflict (account_id, key) do update set
            fingerprint = excluded.fingerprint, made_id = null, holder = excluded.holder,
            held_until = excluded.held_until, created_at = now()
        where known.created_at < now() - $6::interval
            or (known.made_id is null and known.held_until < now())
        returning true
        """,
        claim.account_id,
        claim.key,
        claim.fingerprint,
        claim.holder,
        lease,
        keep_for,
    )
    return bool(taken)


async def find(connection: asyncpg.Connection, claim: Claim) -> KnownKey | None:
    """What is known of the key that the claim could not take."""
    row = await connection.fetchrow(
        """
        select fingerprint, made_id, greatest(now() - created_at, '0') as age from idempotency
        where account_id = $1 and key = $2
        """,
        claim.account_id,
        claim.key,
    )
    if row is None:
        return None
    return KnownKey(fingerprint=row["fingerprint"], made_id=row["made_id"], age=row["age"])


async def renew(connection: asyncpg.Connection, claim: Claim, *, lease: timedelta) -> bool:
    """Return whether the claim still holds its key."""
    renewed = await connection.fetchval(
        """
        update idempotency set held_until = now() + $4::interval
        where account_id = $1 and key = $2 and holder = $3
        returning true
        """,
        claim.account_id,
        claim.key,
        claim.holder,
        lease,
    )
    return bool(renewed)


async def mark_made(connection: asyncpg.Connection, claim: Claim, made_id: str) -> bool:
    """In the transaction that makes it. Return whether the claim still held its key: if not, nothing may be made."""
    marked = await connection.fetchval(
        """
        update idempotency set made_id = $4, holder = null, held_until = null
        where account_id = $1 and key = $2 and holder = $3
        returning true
        """,
        claim.account_id,
        claim.key,
        claim.holder,
        made_id,
    )
    return bool(marked)


async def forget(connection: asyncpg.Connection, claims: Collection[Claim]) -> None:
    """Free the keys again that `acceptance.hold` has marked in the same transaction."""
    await connection.execute(
        """
        delete from idempotency as known
        using unnest($1::bigint[], $2::text[], $3::uuid[]) as held (account_id, key, holder)
        where known.account_id = held.account_id and known.key = held.key and known.holder = held.holder
        """,
        [claim.account_id for claim in claims],
        [claim.key for claim in claims],
        [claim.holder for claim in claims],
    )


async def release(connection: asyncpg.Connection, claim: Claim) -> None:
    """Free the key, unless something was made of it. Waits for a commit that is under way."""
    await connection.execute(
        """
        delete from idempotency
        where account_id = $1 and key = $2 and holder = $3 and made_id is null
        """,
        claim.account_id,
        claim.key,
        claim.holder,
    )


async def trim(connection: asyncpg.Connection, *, keep_for: timedelta, limit: int) -> int:
    """Delete keys that have had their time, oldest first. Return how many."""
    # By their place in the table: joined by their names, a plan made for any number would read all of it.
    rows = await connection.fetch(
        """
        delete from idempotency where ctid = any (array(
            select ctid from idempotency where created_at < now() - $1::interval
            order by created_at limit $2 for update skip locked))
        returning true
        """,
        keep_for,
        limit,
    )
    return len(rows)
