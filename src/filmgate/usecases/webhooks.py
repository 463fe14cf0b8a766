"""Webhook endpoints, as the accounts that own them see them: create, retrieve, list, rotate, enable, delete.

An id tells a stranger nothing: whatever is not the caller's own does not exist.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from filmgate.core.account import AccountId
from filmgate.core.errors import Conflict, InvalidRequest, WebhookNotFound
from filmgate.core.event import EventType
from filmgate.core.video import new_video_id
from filmgate.core.webhook import Endpoint, EndpointId, new_secret
from filmgate.database import videos, webhooks
from filmgate.database.connection import Database
from filmgate.net.addresses import IPNetwork
from filmgate.net.errors import FetchRefused
from filmgate.net.targets import check_target

ENDPOINT_LIMIT = 16
"""Of one account."""

URL_LIMIT = 2048
"""Characters."""

OLD_SECRET_LASTS = timedelta(hours=24)
"""How long both secrets sign after a rotation."""


async def create(
    database: Database,
    *,
    account_id: AccountId,
    url: str | None,
    events: Sequence[EventType] | None,
    allow: Sequence[IPNetwork],
) -> tuple[Endpoint, bytes]:
    """The endpoint and its secret, which nobody is shown again. None of the `events` stands for all.

    Several endpoints may have the same URL. Raises InvalidRequest, and Conflict when there are too many.
    """
    endpoint_id = EndpointId(new_video_id(datetime.now(UTC)))
    secret = new_secret()
    checked = _checked(url, allow=allow)
    async with database.transaction() as connection:
        endpoint = Endpoint(
            id=endpoint_id,
            account_id=account_id,
            url=checked,
            events=tuple(dict.fromkeys(events or EventType)),
            created_at=await videos.now(connection),
        )
        if not await webhooks.insert(connection, endpoint, secret=secret, most=ENDPOINT_LIMIT):
            raise Conflict(
                f"The account has {ENDPOINT_LIMIT} webhook endpoints, which is the most; delete one first."
            )
    return endpoint, secret


async def retrieve(
    database: Database, endpoint_id: EndpointId, *, account_id: AccountId
) -> Endpoint:
    """Raises WebhookNotFound."""
    async with database.connection() as connection:
        return _own(await webhooks.find(connection, endpoint_id, account_id=account_id))


async def list_all(database: Database, *, account_id: AccountId) -> list[Endpoint]:
    """Oldest first."""
    async with database.connection() as connection:
        return await webhooks.list_all(connection, account_id)


async def rotate(
    database: Database, endpoint_id: EndpointId, *, account_id: AccountId
) -> tuple[Endpoint, bytes]:
    """Give the endpoint another secret. For a day, both sign. Raises WebhookNotFound."""
    secret = new_secret()
    async with database.connection() as connection:
        endpoint = await webhooks.rotate(
            connection,
            endpoint_id,
            account_id=account_id,
            secret=secret,
            keep_old_for=OLD_SECRET_LASTS,
        )
    return _own(endpoint), secret


async def enable(database: Database, endpoint_id: EndpointId, *, account_id: AccountId) -> Endpoint:
    """From now on it gets events again; what it missed can be replayed. Raises WebhookNotFound."""
    async with database.connection() as connection:
        return _own(await webhooks.enable(connection, endpoint_id, account_id=account_id))


async def delete(database: Database, endpoint_id: EndpointId, *, account_id: AccountId) -> None:
    """It gets nothing any more, and its deliveries are forgotten. Raises WebhookNotFound."""
    async with database.connection() as connection:
        if not await webhooks.delete(connection, endpoint_id, account_id=account_id):
            raise WebhookNotFound


def _own(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise WebhookNotFound
    return endpoint


def _checked(url: str | None, *, allow: Sequence[IPNetwork]) -> str:
    if not url:
        raise InvalidRequest("url", "url is missing: where should the events be sent?")
    if len(url) > URL_LIMIT:
        raise InvalidRequest(
            "url", f"url has {len(url)} characters; at most {URL_LIMIT} are allowed."
        )
    try:
        check_target(url, allow=allow)
    except FetchRefused as error:
        raise InvalidRequest("url", f"url cannot be used. {error}") from error
    return url
