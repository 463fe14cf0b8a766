"""The `delivery` and `delivery_attempt` tables: what is to be sent, who sends it now, and what came of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.event import Event, EventId, EventType
from filmgate.core.video import VideoId
from filmgate.core.webhook import (
    Delivery,
    DeliveryAttempt,
    DeliveryId,
    DeliveryStatus,
    EndpointId,
    HeldDelivery,
)

_EVENT: Final = (
    "event.id as event_id, event.position, event.account_id, event.video_id, event.type,"
    " event.created_at"
)
_DELIVERY: Final = f"delivery.id, delivery.status, delivery.next_at, delivery.failure, {_EVENT}"


async def insert(
    connection: asyncpg.Connection, event_id: EventId, wanted: Mapping[EndpointId, DeliveryId]
) -> None:
    """Due at once: one for each endpoint that wants the event."""
    await connection.execute(
        """
        insert into delivery (id, endpoint_id, event_id)
        select id, endpoint_id, $3 from unnest($1::text[], $2::text[]) as wanted (id, endpoint_id)
        """,
        list(wanted.values()),
        list(wanted),
        event_id,
    )


async def claim(
    connection: asyncpg.Connection,
    *,
    busy: Mapping[EndpointId, int],
    most: int,
    most_each: int,
    behind: EndpointId,
    hold_for: timedelta,
) -> list[HeldDelivery]:
    """Hold up to `most` deliveries that are due, nobody else's, so that no endpoint has over `most_each`.

    `busy` says how many each endpoint has in the caller's hands. Endpoints take turns: the first is the one
    behind the given id.
    """
    rows = await connection.fetch(
        f"""
        with recursive waiting (endpoint_id) as (
            (select endpoint_id from delivery where status = 'pending' order by 1 limit 1)
            union all
            select (select delivery.endpoint_id from delivery
                    where status = 'pending' and delivery.endpoint_id > waiting.endpoint_id
                    order by 1 limit 1)
            from waiting where endpoint_id is not null
        ), due as materialized (
            select next.id
            from (select endpoint_id from waiting where endpoint_id is not null
                  order by endpoint_id <= $1, endpoint_id) as turn
            left join unnest($2::text[], $3::int[]) as busy (endpoint_id, held) using (endpoint_id)
            cross join lateral (
                select id from delivery
                where delivery.endpoint_id = turn.endpoint_id and status = 'pending'
                  and next_at <= now() and coalesce(held_until <= now(), true)
                order by next_at limit $4::int - coalesce(busy.held, 0)
                for update skip locked
            ) as next
            limit $5
        )
        update delivery set held_until = now() + $6::interval
        from webhook_endpoint as endpoint, event
        where delivery.id = any (array(select id from due)) and endpoint.id = endpoint_id
          and event.id = event_id
        returning delivery.id, endpoint_id, url, secret, begun_at, tries, now() as held_at,
                  held_until, case when old_secret_until > now() then old_secret end as old_secret,
                  {_EVENT}
        """,
        behind,
        list(busy),
        [min(held, most_each) for held in busy.values()],
        most_each,
        most,
        hold_for,
    )
    return [_held(row) for row in rows]


async def release(connection: asyncpg.Connection, held: Sequence[HeldDelivery]) -> None:
    """Let others have them at once."""
    await connection.execute(
        """
        update delivery set held_until = null
        from unnest($1::text[], $2::timestamptz[]) as ours (id, held_until)
        where delivery.id = ours.id and delivery.held_until = ours.held_until
        """,
        [each.id for each in held],
        [each.held_until for each in held],
    )


async def log_attempt(
    connection: asyncpg.Connection, delivery_id: DeliveryId, attempt: DeliveryAttempt
) -> None:
    """Nothing happens where the delivery was deleted meanwhile."""
    await connection.execute(
        """
        insert into delivery_attempt (delivery_id, at, status_code, error, duration)
        select id, $2, $3, $4, $5 from delivery where id = $1 for key share
        """,
        delivery_id,
        attempt.at,
        attempt.status_code,
        attempt.error,
        attempt.duration,
    )


async def postpone(
    connection: asyncpg.Connection, held: HeldDelivery, *, next_at: datetime
) -> bool:
    """Return whether the delivery was still the holder's. So do the next two."""
    touched = await connection.fetchval(
        """
        update delivery set tries = tries + 1, next_at = $3, held_until = null
        where id = $1 and held_until = $2
        returning true
        """,
        held.id,
        held.held_until,
        next_at,
    )
    return bool(touched)


async def mark_delivered(
    connection: asyncpg.Connection, held: HeldDelivery, *, at: datetime
) -> bool:
    touched = await connection.fetchval(
        """
        update delivery set tries = tries + 1, status = 'delivered', ended_at = $3,
                            next_at = null, held_until = null
        where id = $1 and held_until = $2
        returning true
        """,
        held.id,
        held.held_until,
        at,
    )
    return bool(touched)


async def mark_failed(
    connection: asyncpg.Connection, held: HeldDelivery, *, at: datetime, failure: str
) -> bool:
    touched = await connection.fetchval(
        """
        update delivery set tries = tries + 1, status = 'failed', ended_at = $3, failure = $4,
                            next_at = null, held_until = null
        where id = $1 and held_until = $2
        returning true
        """,
        held.id,
        held.held_until,
        at,
        failure,
    )
    return bool(touched)


async def fail_pending(
    connection: asyncpg.Connection, endpoint_id: EndpointId, *, failure: str
) -> None:
    """Give up whatever the endpoint was still to be sent."""
    await connection.execute(
        """
        update delivery set status = 'failed', ended_at = now(), failure = $2, next_at = null,
                            held_until = null
        where endpoint_id = $1 and status = 'pending'
        """,
        endpoint_id,
        failure,
    )


async def has_delivered_since(
    connection: asyncpg.Connection, endpoint_id: EndpointId, at: datetime
) -> bool:
    """Whether the endpoint has taken anything since then."""
    return bool(
        await connection.fetchval(
            """
            select exists (select from delivery
                           where endpoint_id = $1 and status = 'delivered' and ended_at >= $2)
            """,
            endpoint_id,
            at,
        )
    )


async def find_endpoint(
    connection: asyncpg.Connection, delivery_id: DeliveryId, *, account_id: AccountId
) -> EndpointId | None:
    """Which of the account's endpoints the delivery is for."""
    endpoint_id: EndpointId | None = await connection.fetchval(
        """
        select endpoint_id from delivery
        join webhook_endpoint as endpoint on endpoint.id = endpoint_id
        where delivery.id = $1 and account_id = $2
        """,
        delivery_id,
        account_id,
    )
    return endpoint_id


async def begin_anew(connection: asyncpg.Connection, delivery_id: DeliveryId) -> Delivery | None:
    """Due now, with all its time before it. Whoever holds it has lost it."""
    row = await connection.fetchrow(
        f"""
        update delivery set status = 'pending', begun_at = now(), tries = 0, next_at = now(),
                            held_until = null, ended_at = null, failure = null
        from event
        where delivery.id = $1 and event.id = event_id
        returning {_DELIVERY}
        """,
        delivery_id,
    )
    return (await _with_attempts(connection, [row]))[0] if row else None


async def list_page(
    connection: asyncpg.Connection,
    endpoint_id: EndpointId,
    *,
    after: DeliveryId | None,
    limit: int,
) -> list[Delivery]:
    """The endpoint's deliveries, newest first, from behind `after`."""
    rows = await connection.fetch(
        f"""
        select {_DELIVERY} from delivery join event on event.id = event_id
        where endpoint_id = $1 and ($2::text is null or delivery.id < $2)
        order by delivery.id desc limit $3
        """,
        endpoint_id,
        after,
        limit,
    )
    return await _with_attempts(connection, rows)


async def trim(connection: asyncpg.Connection, *, keep_for: timedelta, limit: int) -> int:
    """Forget deliveries that ended so long ago, and their log, oldest first. Return how many."""
    forgotten = await connection.fetch(
        """
        delete from delivery where id = any (array(
            select id from delivery where status <> 'pending' and ended_at < now() - $1::interval
            order by ended_at limit $2 for update skip locked))
        returning true
        """,
        keep_for,
        limit,
    )
    return len(forgotten)


async def _with_attempts(
    connection: asyncpg.Connection, rows: Sequence[asyncpg.Record]
) -> list[Delivery]:
    found = await connection.fetch(
        "select * from delivery_attempt where delivery_id = any($1::text[]) order by at",
        [row["id"] for row in rows],
    )
    attempts = defaultdict(list)
    for row in found:
        attempts[row["delivery_id"]].append(_attempt(row))
    return [_delivery(row, attempts[row["id"]]) for row in rows]


def _delivery(row: asyncpg.Record, attempts: Sequence[DeliveryAttempt]) -> Delivery:
    return Delivery(
        id=DeliveryId(row["id"]),
        event=_event(row),
        status=DeliveryStatus(row["status"]),
        attempts=tuple(attempts),
        next_at=row["next_at"],
        failure=row["failure"],
    )


def _attempt(row: asyncpg.Record) -> DeliveryAttempt:
    return DeliveryAttempt(
        at=row["at"],
        status_code=row["status_code"],
        error=row["error"],
        duration=row["duration"],
    )


def _held(row: asyncpg.Record) -> HeldDelivery:
    both = (row["secret"], row["old_secret"])
    return HeldDelivery(
        id=DeliveryId(row["id"]),
        endpoint_id=EndpointId(row["endpoint_id"]),
        url=row["url"],
        secrets=tuple(secret for secret in both if secret is not None),
        event=_event(row),
        begun_at=row["begun_at"],
        tries=row["tries"],
        held_at=row["held_at"],
        held_until=row["held_until"],
    )


def _event(row: asyncpg.Record) -> Event:
    return Event(
        id=EventId(row["event_id"]),
        position=row["position"],
        account_id=AccountId(row["account_id"]),
        video_id=VideoId(row["video_id"]),
        type=EventType(row["type"]),
        created_at=row["created_at"],
    )
