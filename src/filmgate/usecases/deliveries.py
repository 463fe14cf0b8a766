"""Deliveries: judged by what came of each attempt, shown, and begun anew.

The row is the truth: a worker that dies between sending and noting leaves a delivery that is sent again.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import asyncpg
import structlog

from filmgate.core.account import AccountId
from filmgate.core.errors import Conflict, DeliveryNotFound, WebhookNotFound
from filmgate.core.webhook import (
    GONE,
    Delivery,
    DeliveryAttempt,
    DeliveryId,
    EndpointId,
    HeldDelivery,
    Schedule,
)
from filmgate.database import deliveries, events, webhooks
from filmgate.database.connection import Database
from filmgate.usecases.batches import remove_all

KEEP_DELIVERIES = timedelta(days=30)
"""For how long one that has ended is shown, and can be replayed."""

KEEP_EVENTS = KEEP_DELIVERIES + timedelta(days=5)
"""Longer than any delivery of theirs, replays included, can need them."""

BATCH = 1_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an endpoint's deliveries; `has_more` when others follow."""

    deliveries: tuple[Delivery, ...]
    has_more: bool


async def note(
    database: Database, held: HeldDelivery, attempt: DeliveryAttempt, *, schedule: Schedule
) -> None:
    """Write the attempt down and decide what follows: done, again later, or given up.

    If the delivery is no longer the holder's, the attempt is logged and changes nothing.
    """
    if attempt.has_succeeded:
        async with database.transaction() as connection:
            await deliveries.log_attempt(connection, held.id, attempt)
            await deliveries.mark_delivered(connection, held, at=attempt.ended_at)
        return
    next_at = schedule.next_at(held, attempt, luck=random.random())
    if next_at is None or attempt.status_code == GONE:
        await _give_up(database, held, attempt)
        return
    async with database.transaction() as connection:
        await deliveries.log_attempt(connection, held.id, attempt)
        await deliveries.postpone(connection, held, next_at=next_at)


async def list_page(
    database: Database,
    endpoint_id: EndpointId,
    *,
    account_id: AccountId,
    after: DeliveryId | None,
    limit: int,
) -> Page:
    """Newest first, from behind `after`, which need not exist any more. Raises WebhookNotFound."""
    async with database.connection() as connection:
        if await webhooks.find(connection, endpoint_id, account_id=account_id) is None:
            raise WebhookNotFound
        found = await deliveries.list_page(connection, endpoint_id, after=after, limit=limit + 1)
    return Page(tuple(found[:limit]), has_more=len(found) > limit)


async def replay(database: Database, delivery_id: DeliveryId, *, account_id: AccountId) -> Delivery:
    """Send it once more, whatever became of it, with all its attempts before it.

    Raises DeliveryNotFound, and Conflict where the endpoint is disabled.
    """
    async with database.transaction() as connection:
        endpoint_id = await deliveries.find_endpoint(connection, delivery_id, account_id=account_id)
        if endpoint_id is None:
            raise DeliveryNotFound
        await webhooks.lock(connection, endpoint_id)
        endpoint = await webhooks.find(connection, endpoint_id, account_id=account_id)
        if endpoint is not None and endpoint.disabled_reason is not None:
            raise Conflict("The webhook endpoint is disabled; enable it first, then replay.")
        delivery = await deliveries.begin_anew(connection, delivery_id)
    if delivery is None:
        raise DeliveryNotFound
    return delivery


async def trim(
    database: Database,
    *,
    keep_deliveries: timedelta = KEEP_DELIVERIES,
    keep_events: timedelta = KEEP_EVENTS,
) -> None:
    """Bound what is remembered of deliveries that have ended, and of events."""
    for trim_some, keep_for in ((deliveries.trim, keep_deliveries), (events.trim, keep_events)):
        await remove_all(database, partial(trim_some, keep_for=keep_for, limit=BATCH), batch=BATCH)


async def _give_up(database: Database, held: HeldDelivery, attempt: DeliveryAttempt) -> None:
    async with database.transaction() as connection:
        await webhooks.lock(connection, held.endpoint_id)
        await deliveries.log_attempt(connection, held.id, attempt)
        is_ours = await deliveries.mark_failed(
            connection, held, at=attempt.ended_at, failure=_failure(held, attempt)
        )
        reason = await _reason_to_disable(connection, held, attempt) if is_ours else None
        if reason is None or not await webhooks.disable(
            connection, held.endpoint_id, reason=reason
        ):
            return
        await deliveries.fail_pending(
            connection, held.endpoint_id, failure=f"The endpoint was disabled. {reason}"
        )
    log.warning(
        "webhook endpoint disabled",
        endpoint=held.endpoint_id,
        account=held.event.account_id,
        reason=reason,
    )


async def _reason_to_disable(
    connection: asyncpg.Connection, held: HeldDelivery, attempt: DeliveryAttempt
) -> str | None:
    if attempt.status_code == GONE:
        return "It answered with status 410, which says that it is gone for good."
    if await deliveries.has_delivered_since(connection, held.endpoint_id, held.begun_at):
        return None
    first = f"{held.begun_at:%Y-%m-%d %H:%M} UTC"
    return f"It has taken nothing since {first}. The last attempt ended so: {attempt.error}"


def _failure(held: HeldDelivery, attempt: DeliveryAttempt) -> str:
    return f"Given up after attempt {held.tries + 1}, which ended so: {attempt.error}"
