"""A survey of the store: what lies in it, compared with the rows. Nothing is changed here, and nothing is judged."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from filmgate.core.ports import ObjectStore, StoredObject
from filmgate.database import characters, videos
from filmgate.database.connection import Database
from filmgate.database.videos import Holding

_BATCH = 1_000
_VIDEO = re.compile(r"videos/([0-9a-z]{26})/(?:(\d+)/)?.*", re.ASCII)
_CHARACTER = re.compile(r"characters/([0-9a-z]{26})/.*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Survey:
    """Folders that stand out, and when the oldest object in each was written, by the store's clock."""

    unnamed: dict[str, datetime] = field(default_factory=dict)
    """Of videos and characters without a row."""

    spent: dict[str, datetime] = field(default_factory=dict)
    """Of videos that were emptied, and of attempts that nobody holds or completed."""

    unexplained: dict[str, datetime] = field(default_factory=dict)
    """Of attempts that no row has reached, and when the *newest* object in each was written.

    A row comes before its attempts' objects, and goes a day after them at the earliest: another database knows
    these films, or a later state of this one.
    """


async def look_over(database: Database, store: ObjectStore) -> Survey:
    """Raises StorageUnavailable."""
    survey = Survey()
    async for batch in _batches(store.list_objects("videos/")):
        ids = {match[1] for each in batch if (match := _VIDEO.fullmatch(each.key))}
        async with database.connection() as connection:
            holdings = await videos.find_holdings(connection, ids)
        _note_videos(survey, batch, holdings)
    async for batch in _batches(store.list_objects("characters/")):
        ids = {match[1] for each in batch if (match := _CHARACTER.fullmatch(each.key))}
        async with database.connection() as connection:
            known = await characters.find_known(connection, ids)
        for match, at in _matches(_CHARACTER, batch):
            if match[1] not in known:
                _note_oldest(survey.unnamed, f"characters/{match[1]}/", at)
    return survey


async def _batches(listing: AsyncIterator[StoredObject]) -> AsyncIterator[list[StoredObject]]:
    batch: list[StoredObject] = []
    async for each in listing:
        batch.append(each)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _matches(
    pattern: re.Pattern[str], batch: Iterable[StoredObject]
) -> Iterator[tuple[re.Match[str], datetime]]:
    for each in batch:
        if match := pattern.fullmatch(each.key):
            yield match, each.modified_at


def _note_videos(
    survey: Survey, batch: Iterable[StoredObject], holdings: Mapping[str, Holding]
) -> None:
    for match, at in _matches(_VIDEO, batch):
        folder, attempt = f"videos/{match[1]}/", match[2]
        holding = holdings.get(match[1])
        if holding is None:
            _note_oldest(survey.unnamed, folder, at)
        elif holding.is_emptied:
            _note_oldest(survey.spent, folder, at)
        elif attempt and attempt != str(holding.kept):
            _note_oldest(survey.spent, f"{folder}{attempt}/", at)
        if attempt and (holding is None or int(attempt) > holding.reached):
            _note_newest(survey.unexplained, f"{folder}{attempt}/", at)


def _note_oldest(folders: dict[str, datetime], folder: str, at: datetime) -> None:
    folders[folder] = min(at, folders.get(folder, at))


def _note_newest(folders: dict[str, datetime], folder: str, at: datetime) -> None:
    folders[folder] = max(at, folders.get(folder, at))
