"""Usage: what the operator of the server writes bills from."""

from dataclasses import dataclass
from datetime import UTC, date

from filmgate.database import usage, videos
from filmgate.database.connection import Database
from filmgate.database.usage import Part, Period, Usage
from filmgate.usecases.accounts import account_id_of

DAYS = 30
"""How many are looked at, the last one included, where no first one is named."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and of which days, in UTC."""

    period: Period
    rows: tuple[Usage, ...]


async def report(
    database: Database,
    *,
    by: frozenset[Part],
    account: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Report:
    """Usage of one account or of all. Raises NotFound."""
    async with database.connection() as connection:
        account_id = None if account is None else await account_id_of(connection, account)
        today = (await videos.now(connection)).astimezone(UTC).date()
        period = _period(since, until or today)
        rows = await usage.read(connection, period, by=by, account_id=account_id)
    return Report(period, tuple(rows))


def _period(since: date | None, until: date) -> Period:
    first = date.fromordinal(max(1, until.toordinal() - DAYS + 1))
    return Period(first if since is None else since, until)
