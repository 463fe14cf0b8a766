"""Depths: how much waits and runs in the whole system, as the database tells it within seconds."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from filmgate.core.errors import DatabaseUnavailable
from filmgate.database import depths
from filmgate.database.connection import Database
from filmgate.database.depths import EngineDepth

PATIENCE = timedelta(seconds=2)
"""A database that takes longer counts as away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depths:
    """`held_back` videos wait outside of any line."""

    engines: Sequence[EngineDepth]
    held_back: int
    pending_deliveries: int


async def measure(
    database: Database, engines: Collection[str], *, within: timedelta = PATIENCE
) -> Depths | None:
    """None where the database does not answer in time."""
    try:
        async with asyncio.timeout(within.total_seconds()), database.connection() as connection:
            return Depths(
                engines=await depths.of_engines(connection, engines),
                held_back=await depths.count_held_back(connection),
                pending_deliveries=await depths.count_pending_deliveries(connection),
            )
    except (DatabaseUnavailable, TimeoutError):
        return None
