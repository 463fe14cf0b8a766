"""Ownership: which database a store belongs to, written down in the store itself.

What no row names is litter to the database whose store it is; to any other it is somebody's films.
"""

from dataclasses import dataclass
from datetime import datetime

from filmgate.core.errors import NotFound, StorageUnavailable
from filmgate.core.ports import ObjectStore
from filmgate.core.spec import ObjectKey
from filmgate.database import installation
from filmgate.database.connection import Database
from filmgate.usecases.survey import Survey, look_over

MARK = ObjectKey("filmgate/owner")

_ADVICE = "See docs/storage.md; once you are sure that it is this one's: filmgate storage adopt"


class ForeignStore(Exception):
    """What lies in the store may belong to another database; `reason` says why, without advice.

    For operators alone, and so none of `core/errors.py`: no request ends in it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {_ADVICE}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mark:
    """What the store says. `written_at` is by its own clock: what lay there before is the owner's."""

    owner: str
    written_at: datetime


async def find_mark(database: Database, store: ObjectStore) -> Mark | None:
    """None where nobody has marked the store. Raises ForeignStore where another database has."""
    mark = await _read(store)
    if mark is not None and mark.owner != (ours := await _identity(database)):
        raise ForeignStore(_whose(mark.owner, ours, name=store.name))
    return mark


async def claim(database: Database, store: ObjectStore) -> Mark:
    """Mark the store as this database's, unless it is marked already. Call it before anything is put there.

    Raises ForeignStore where it is, or may be, another's. A store that was filled before there were marks is
    taken if every folder in it has a row here.
    """
    if mark := await find_mark(database, store):
        return mark
    survey = await look_over(database, store)
    if survey.unnamed or survey.unexplained:
        raise ForeignStore(
            f"The store ({store.name}) is not marked as anybody's, and holds objects that this database knows nothing of."
        )
    await store.put_new(MARK, (await _identity(database)).encode())
    # Whoever was first; and where the store knows no conditional writes, whoever was last.
    if mark := await find_mark(database, store):
        return mark
    raise StorageUnavailable("The mark of the object store's owner did not stay.")


async def adopt(database: Database, store: ObjectStore) -> None:
    """Mark the store as this database's, whoever's it was, with all that lies there now."""
    await store.put_bytes(MARK, (await _identity(database)).encode())


def check_explained(survey: Survey, mark: Mark, *, name: str) -> None:
    """Raise ForeignStore where films were stored since the mark was written that this database never made."""
    if any(newest >= mark.written_at for newest in survey.unexplained.values()):
        raise ForeignStore(
            f"The store ({name}) holds films that this database knows nothing of. Either it was restored from an older backup, "
            "or another one stores films there too."
        )


async def _read(store: ObjectStore) -> Mark | None:
    folder = f"{MARK.partition('/')[0]}/"
    written_at = {each.key: each.modified_at async for each in store.list_objects(folder)}
    try:
        text = (await store.read(MARK)).decode("ascii", "replace").strip()
        return Mark(text, written_at=written_at[MARK])
    except (NotFound, KeyError):
        return None


async def _identity(database: Database) -> str:
    async with database.connection() as connection:
        return await installation.identity(connection)


def _whose(owner: str, ours: str, *, name: str) -> str:
    is_copy = owner.partition(".")[0] == ours.partition(".")[0]
    other = "the one that this database is a copy of" if is_copy else "another database"
    return f"The store ({name}) belongs to {other}."
