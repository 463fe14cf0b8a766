"""One attempt at a delivery: the request, and what its answer means."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from filmgate.core.webhook import DeliveryAttempt, HeldDelivery
from filmgate.net.errors import FetchError
from filmgate.net.guarded import GuardedClient, PostAnswer
from filmgate.webhooks.message import signed

ATTEMPT_LIMIT = timedelta(seconds=15)
"""How long an endpoint may take to answer."""


async def attempt_delivery(client: GuardedClient, held: HeldDelivery) -> DeliveryAttempt:
    """Send it once. Whatever goes wrong on the way is what the attempt says."""
    message = signed(held.event, secrets=held.secrets, at=held.held_at)
    clock = asyncio.get_running_loop().time
    begun = clock()
    answer, error, retry_after = None, None, None
    try:
        answer = await client.post(held.url, message.body, headers=message.headers)
        error = _complaint(answer.status)
        retry_after = _retry_after(answer, now=held.held_at)
    except FetchError as failure:
        error = str(failure)
    return DeliveryAttempt(
        at=held.held_at,
        status_code=answer.status if answer else None,
        error=error,
        duration=timedelta(seconds=clock() - begun),
        retry_after=retry_after,
    )


def _complaint(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The endpoint answered with status {status}, and redirects are not followed."
    return f"The endpoint answered with status {status}."


def _retry_after(answer: PostAnswer, *, now: datetime) -> timedelta | None:
    """In seconds, or as a moment; None where it is neither."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
