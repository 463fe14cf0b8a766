"""Orphans: objects that no row names, because whoever stored them died before the row was written, or after it went.

What is younger than the caller says is left alone: somebody may be about to write its row. In a store that is
not this database's nothing is removed: see `ownership.py`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import ObjectStore
from filmgate.database.connection import Database
from filmgate.usecases import ownership
from filmgate.usecases.ownership import ForeignStore
from filmgate.usecases.survey import Survey, look_over

OLD_ENOUGH = timedelta(hours=1)
"""Longer than any request takes, and than hosts' and stores' clocks differ."""

_PROBES = "probes/"  # what a check of the store writes, and a killed one leaves

log = structlog.get_logger()


async def remove_orphans(
    database: Database, *, store: ObjectStore, older_than: timedelta = OLD_ENOUGH
) -> int:
    """Delete every object of ours that no row names. Return from how many folders.

    Raises StorageUnavailable, and ForeignStore before anything was removed.
    """
    mark = await ownership.claim(database, store)
    before = await database.now() - older_than
    survey = await look_over(database, store)
    ownership.check_explained(survey, mark, name=store.name)
    probed_at = [each.modified_at async for each in store.list_objects(_PROBES)]
    probes = [_PROBES] if any(at < before for at in probed_at) else []
    return await _remove(store, [*_orphaned(survey, before=before), *probes])


class Sweep:
    """`remove_orphans` again and again: says once, and not each time, why it may not."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store
        self._told: str | None = None

    async def run(self) -> None:
        refusal: str | None = None
        try:
            await remove_orphans(self._database, store=self._store)
        except ForeignStore as error:
            refusal = str(error)
            if refusal != self._told:
                log.warning("orphaned objects are not looked for", reason=refusal)
        self._told = refusal


def _orphaned(survey: Survey, *, before: datetime) -> list[str]:
    folders = {**survey.unnamed, **survey.spent}
    return sorted(folder for folder, oldest in folders.items() if oldest < before)


async def _remove(store: ObjectStore, folders: Collection[str]) -> int:
    removed = 0
    for folder in folders:
        try:
            await store.delete_folder(folder)
        except StorageUnavailable as error:
            log.warning("orphaned objects stay", folder=folder, reason=error.message)
        else:
            log.info("orphaned objects removed", folder=folder)
            removed += 1
    return removed
