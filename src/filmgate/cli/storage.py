"""`filmgate storage adopt`: make the store this database's own, after saying what that would cost."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from filmgate.base import open_base
from filmgate.cli.output import Refused, show
from filmgate.cli.server_side import server_failures_explained
from filmgate.core.ports import ObjectStore
from filmgate.database.connection import Database
from filmgate.settings import Settings
from filmgate.usecases import ownership
from filmgate.usecases.ownership import ForeignStore
from filmgate.usecases.survey import look_over
from filmgate.wiring import object_store


def adopt(flags: Mapping[str, object], *, config: Path | None, is_sure: bool) -> None:
    """Refuse at first where anything could be lost by it."""
    with server_failures_explained():
        asyncio.run(_adopt(Settings.load(flags, config=config), is_sure=is_sure))


async def _adopt(settings: Settings, *, is_sure: bool) -> None:
    async with open_base(settings) as base:
        store = object_store(settings)
        doubts = [sentence async for sentence in _doubts(base.database, store)]
        if doubts and not is_sure:
            raise Refused(f"{' '.join(doubts)} If it is to be so: filmgate storage adopt --yes")
        await ownership.adopt(base.database, store)
    show(f"The store ({store.name}) belongs to this database.")


async def _doubts(database: Database, store: ObjectStore) -> AsyncIterator[str]:
    try:
        await ownership.find_mark(database, store)
    except ForeignStore as error:
        yield error.reason
    survey = await look_over(database, store)
    if survey.unnamed or survey.unexplained:
        yield (
            "What it holds and this database does not know would be removed "
            f"(folders without a row: {len(survey.unnamed)}, with films: {len(survey.unexplained)})."
        )
