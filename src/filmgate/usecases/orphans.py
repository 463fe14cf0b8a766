"""Orphans: objects that no row names, because whoever stored them died before the row was written, or after it went.

A listing of the store is compared with the rows. What is younger than the caller says is left alone: somebody
may be about to write its row.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime, timedelta

import structlog

from filmgate.core.errors import StorageUnavailable
from filmgate.core.ports import ObjectStore, StoredObject
from filmgate.database import characters, videos
from filmgate.database.connection import Database

OLD_ENOUGH = timedelta(hours=1)
"""Longer than any request takes, and than hosts' and stores' clocks differ."""

_BATCH = 1_000
_PROBES = "probes/"  # what a check of the store writes, and a killed one leaves
_VIDEO = re.compile(r"videos/([0-9a-z]{26})/(?:(\d+)/)?.*", re.ASCII)
_CHARACTER = re.compile(r"characters/([0-9a-z]{26})/.*", re.ASCII)

log = structlog.get_logger()


async def remove_orphans(
    database: Database, *, store: ObjectStore, older_than: timedelta = OLD_ENOUGH
) -> int:
    """Delete every object of ours that no row names. Return from how many folders. Raises StorageUnavailable."""
    before = await database.now() - older_than
    total = 0
    async for keys in _batches(store.list_objects("videos/"), before=before):
        total += await _remove(store, await _of_no_video(database, keys))
    async for keys in _batches(store.list_objects("characters/"), before=before):
        total += await _remove(store, await _of_no_character(database, keys))
    async for _ in _batches(store.list_objects(_PROBES), before=before):
        total += await _remove(store, [_PROBES])
    return total


async def _batches(
    listing: AsyncIterator[StoredObject], *, before: datetime
) -> AsyncIterator[list[str]]:
    keys: list[str] = []
    async for each in listing:
        if each.modified_at < before:
            keys.append(each.key)
        if len(keys) == _BATCH:
            yield keys
            keys = []
    if keys:
        yield keys


async def _of_no_video(database: Database, keys: Collection[str]) -> set[str]:
    """The folders to remove: a whole video's, or that of an attempt which nobody holds or completed."""
    attempts: Mapping[str, set[str]] = defaultdict(set)
    for key in keys:
        if match := _VIDEO.fullmatch(key):
            attempts[match[1]].add(match[2] or "")
    async with database.connection() as connection:
        kept = await videos.find_kept_attempts(connection, attempts)
    forsaken = {f"videos/{video_id}/" for video_id in attempts if video_id not in kept}
    superseded = {
        f"videos/{video_id}/{attempt}/"
        for video_id, found in attempts.items()
        for attempt in found - {"", str(kept.get(video_id))}
        if video_id in kept
    }
    return forsaken | superseded


async def _of_no_character(database: Database, keys: Collection[str]) -> set[str]:
    ids = {match[1] for key in keys if (match := _CHARACTER.fullmatch(key))}
    async with database.connection() as connection:
        known = await characters.find_known(connection, ids)
    return {f"characters/{each}/" for each in ids - known}


async def _remove(store: ObjectStore, folders: Collection[str]) -> int:
    removed = 0
    for folder in sorted(folders):
        try:
            await store.delete_folder(folder)
        except StorageUnavailable as error:
            log.warning("orphaned objects stay", folder=folder, reason=error.message)
        else:
            log.info("orphaned objects removed", folder=folder)
            removed += 1
    return removed
