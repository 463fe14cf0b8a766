"""Characters: made from a short film, and named by later requests of the same account."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from filmgate.core.account import AccountId
from filmgate.core.character import Character
from filmgate.core.errors import (
    CharacterNotFound,
    Conflict,
    InvalidRequest,
    StorageUnavailable,
)
from filmgate.core.idempotency import Claim
from filmgate.core.ports import ObjectStore
from filmgate.core.spec import CharacterId, ObjectKey
from filmgate.core.video import new_video_id
from filmgate.database import accounts, characters
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench
from filmgate.usecases import idempotency
from filmgate.usecases.films import check_film, judging
from filmgate.usecases.policies import NO_POLICIES, Policies
from filmgate.usecases.provisional import Provisional

CHARACTER_LIMIT = 1_000
"""Of one account."""

log = structlog.get_logger()


async def create(
    database: Database,
    name: str,
    film: Path,
    *,
    account_id: AccountId,
    store: ObjectStore,
    bench: MediaBench,
    policies: Policies = NO_POLICIES,
    claim: Claim | None = None,
) -> Character:
    """Keep a picture of who is in the film; the film itself is not kept. Raises what `check_film` does."""
    character_id = CharacterId(new_video_id(datetime.now(UTC)))
    portrait = film.with_name(f"{film.name}-portrait.webp")
    try:
        await check_film(film, bench=bench, by=policies)
        with judging():
            await bench.portrait(film, portrait)
        async with Provisional(_folder(character_id), store) as kept:
            await kept.fill().put_file(portrait_key(character_id), portrait)
            return await kept.settle(
                _insert(database, character_id, account_id, name=name, claim=claim)
            )
    finally:
        await asyncio.to_thread(portrait.unlink, missing_ok=True)


async def retrieve(
    database: Database, character_id: CharacterId, *, account_id: AccountId
) -> Character:
    """Raises CharacterNotFound for an unknown id and for another account's."""
    async with database.connection() as connection:
        found = await characters.find(connection, [character_id], account_id)
    if not found:
        raise CharacterNotFound
    return found[0]


async def delete(
    database: Database, character_id: CharacterId, *, account_id: AccountId, store: ObjectStore
) -> None:
    """Its picture goes too. Raises CharacterNotFound, or Conflict while a video that names it is to be made."""
    async with database.transaction() as connection:
        if await characters.is_awaited(connection, character_id, account_id):
            raise Conflict(
                "A video that names this character is not finished yet; wait, or cancel it."
            )
        if not await characters.delete(connection, character_id, account_id):
            raise CharacterNotFound
    try:
        await store.delete_folder(_folder(character_id))
    except StorageUnavailable as error:
        # Nothing names it any more, so that it goes when orphans are swept.
        log.warning("a character's picture stays", character=character_id, reason=error.message)


async def check_all(
    database: Database, ids: Sequence[CharacterId], *, account_id: AccountId
) -> None:
    """Raises InvalidRequest, naming the first that the account does not have."""
    if not ids:
        return
    async with database.connection() as connection:
        known = {each.id for each in await characters.find(connection, ids, account_id)}
    for character_id in ids:
        if character_id not in known:
            raise InvalidRequest(
                "characters", f"No character char_{character_id} exists in your account."
            )


def portrait_key(character_id: CharacterId) -> ObjectKey:
    return ObjectKey(f"{_folder(character_id)}portrait.webp")


async def _insert(
    database: Database,
    character_id: CharacterId,
    account_id: AccountId,
    *,
    name: str,
    claim: Claim | None,
) -> Character:
    async with database.transaction() as connection:
        # Two at once must not both be the last one that fits.
        await accounts.lock(connection, account_id)
        if await characters.count(connection, account_id) >= CHARACTER_LIMIT:
            raise Conflict(
                f"The account has {CHARACTER_LIMIT} characters, which is the most; delete one first."
            )
        made = await characters.insert(connection, character_id, account_id, name=name)
        await idempotency.settle(connection, claim, character_id)
    return made


def _folder(character_id: CharacterId) -> str:
    return f"characters/{character_id}/"
