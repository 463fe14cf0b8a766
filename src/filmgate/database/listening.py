"""Listening: a channel's notifications, on a connection that is made again whenever it was lost."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import asyncpg
import structlog

from filmgate.core.errors import DatabaseUnavailable
from filmgate.database.connection import translated

PROBE = timedelta(seconds=1)
log = structlog.get_logger()


async def listen(
    dsn: str, channel: str, *, heard: Callable[[str], None], missed: Callable[[], None]
) -> NoReturn:
    """Listen for ever. `heard` is called with each payload; `missed` wherever some may have gone unheard."""
    while True:
        try:
            await _listen_once(dsn, channel, heard=heard, missed=missed)
        except DatabaseUnavailable:
            log.warning("database away, not listening", channel=channel)
        missed()
        await asyncio.sleep(PROBE.total_seconds())


async def _listen_once(
    dsn: str, channel: str, *, heard: Callable[[str], None], missed: Callable[[], None]
) -> NoReturn:
    with translated():
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            await connection.add_listener(channel, lambda *notice: heard(str(notice[-1])))
            missed()
            while True:
                await asyncio.sleep(PROBE.total_seconds())
                await connection.fetchval("select 1", timeout=5)
        finally:
            connection.terminate()
