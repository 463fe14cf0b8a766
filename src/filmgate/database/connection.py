"""The pool of connections, and the one place where PostgreSQL's errors become ours."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import asyncpg
import structlog
from asyncpg.transaction import Transaction

from filmgate.core.errors import DatabaseUnavailable, OutcomeUnknown

# What says "not now": the server is away, starting, stopping, full, or the network broke.
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's FATAL arrived while the connection was idle
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresIOError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.TransactionRollbackError,  # a deadlock, say: the same again may succeed
)
# Of these, what says that this connection is gone, and perhaps nothing else.
_CUT = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
)
_SETTINGS = {
    # Each statement is planned once a connection, as tests/database/test_plans.py reads the plans. Left to itself,
    # PostgreSQL plans pages of lists and places in the line of a large database anew each time, for the same plan.
    "plan_cache_mode": "force_generic_plan",
    # A process that is paused, or cut off, in the middle of a transaction must not keep all the others waiting.
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "8s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
_AWAY_MESSAGE = "The database does not answer at the moment; try again in a few seconds."


log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How many connections do what, and how many callers wait for one."""

    busy: int
    idle: int
    waiting: int


class Database:
    """A pool on one PostgreSQL. Raises DatabaseUnavailable wherever the server is away or full."""

    def __init__(self, pool: asyncpg.Pool, dsn: str) -> None:
        self._pool = pool
        self._waiting = 0
        self.dsn = dsn

    @classmethod
    async def open(cls, dsn: str, *, max_connections: int = 10) -> Self:
        with translated():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=max_connections,
                timeout=5,
                command_timeout=30,
                server_settings=_SETTINGS,
                reset=_leave_as_it_is,
            )
        return cls(pool, dsn)

    @property
    def use(self) -> PoolUse:
        """At this moment."""
        idle = self._pool.get_idle_size()
        return PoolUse(busy=self._pool.get_size() - idle, idle=idle, waiting=self._waiting)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection on which each statement commits by itself."""
        with translated():
            connection = await self._acquire()
            try:
                yield connection
            finally:
                await self._release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection inside one transaction: committed on leaving, rolled back on an exception.

        Raises OutcomeUnknown where the server went away during the commit.
        """
        with translated():
            connection, transaction = await self._begin()
            try:
                try:
                    yield connection
                except BaseException:
                    await _roll_back(transaction)
                    raise
                await _commit(transaction)
            finally:
                await self._release(connection)

    async def _begin(self) -> tuple[asyncpg.Connection, Transaction]:
        """Once more on a new connection, where the first turns out to have been cut while it lay idle."""
        try:
            return await self._begin_once()
        except _CUT as error:
            _insist_on_cancellation(error)
            await self._pool.expire_connections()
            return await self._begin_once()

    async def _begin_once(self) -> tuple[asyncpg.Connection, Transaction]:
        connection = await self._acquire()
        try:
            transaction = connection.transaction()
            await transaction.start()
        except BaseException:
            await self._release(connection)
            raise
        return connection, transaction

    async def _acquire(self) -> asyncpg.Connection:
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=5)
        finally:
            self._waiting -= 1

    async def _release(self, connection: asyncpg.Connection) -> None:
        """What was done is done: a server that goes away now must not make it look undone."""
        try:
            await self._pool.release(connection, timeout=5)
        except _AWAY as error:
            _insist_on_cancellation(error)
            log.info("a connection broke on its way back into the pool", reason=str(error))

    async def now(self) -> datetime:
        """The database's clock, the only one that rules: hosts may disagree."""
        async with self.connection() as connection:
            moment: datetime = await connection.fetchval("select now()")
        return moment

    async def check(self) -> None:
        """Raise DatabaseUnavailable unless a query is answered now."""
        async with self.connection() as connection:
            await connection.fetchval("select 1", timeout=2)

    async def aclose(self) -> None:
        """Wait a moment for queries under way, then close."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except (TimeoutError, *_AWAY):
            self._pool.terminate()


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Nothing outlives a transaction here, no setting, lock or cursor: to reset them would be a query for each use."""


async def _commit(transaction: Transaction) -> None:
    try:
        await transaction.commit()
    except _AWAY as error:
        _insist_on_cancellation(error)
        raise OutcomeUnknown(_AWAY_MESSAGE) from error


async def _roll_back(transaction: Transaction) -> None:
    try:
        await transaction.rollback()
    except _AWAY as error:
        _insist_on_cancellation(error)
        log.info("a connection broke before its transaction could be undone", reason=str(error))


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever says that the server is away into DatabaseUnavailable."""
    try:
        yield
    except _AWAY as error:
        _insist_on_cancellation(error)
        raise DatabaseUnavailable(_AWAY_MESSAGE) from error


def _insist_on_cancellation(error: BaseException) -> None:
    """Raise the CancelledError that a connection's clean-up has put another error in front of.

    Otherwise whoever survives an outage would survive being cancelled as well.
    """
    task = asyncio.current_task()
    is_hidden = isinstance(error.__context__, asyncio.CancelledError)
    if task is not None and task.cancelling() and is_hidden:
        raise asyncio.CancelledError from error
