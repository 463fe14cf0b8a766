"""Provisional objects: stored before the row that will name them exists."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

import structlog

from filmgate.core.errors import OutcomeUnknown, StorageUnavailable
from filmgate.core.ports import ObjectStore

Row = TypeVar("Row")

log = structlog.get_logger()


class Provisional:
    """A context manager over a folder of objects: they go again, unless the row was written or may have been."""

    def __init__(self, folder: str, store: ObjectStore) -> None:
        self._folder = folder
        self._store = store
        self._has_objects = False
        self._may_be_named = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._has_objects or self._may_be_named:
            return
        try:
            await self._store.delete_folder(self._folder)
        except StorageUnavailable as failure:
            # The client is to hear why its request was refused, not that we could not tidy up.
            log.warning("objects stay", folder=self._folder, reason=failure.message)

    def fill(self) -> ObjectStore:
        """The store, to put objects into the folder."""
        self._has_objects = True
        return self._store

    async def settle(self, writing: Awaitable[Row]) -> Row:
        """Wait for the row to be written; from then on the objects are its own."""
        try:
            row = await writing
        except (OutcomeUnknown, asyncio.CancelledError):
            # Perhaps the row is there all the same, and then it needs its objects.
            self._may_be_named = True
            raise
        self._may_be_named = True
        return row
