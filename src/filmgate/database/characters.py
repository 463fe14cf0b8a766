"""The `character` table."""

from collections.abc import Collection, Sequence

import asyncpg

from filmgate.core.account import AccountId
from filmgate.core.character import Character
from filmgate.core.spec import CharacterId


async def insert(
    connection: asyncpg.Connection, character_id: CharacterId, account_id: AccountId, *, name: str
) -> Character:
    row = await connection.fetchrow(
        """
        insert into character (id, account_id, name, created_at) values ($1, $2, $3, now())
        returning id, account_id, name, created_at
        """,
        character_id,
        account_id,
        name,
    )
    return _character(row)


async def find(
    connection: asyncpg.Connection, ids: Sequence[CharacterId], account_id: AccountId
) -> list[Character]:
    """Those of them that the account has."""
    rows = await connection.fetch(
        """
        select id, account_id, name, created_at from character
        where id = any($1::text[]) and account_id = $2
        """,
        list(ids),
        account_id,
    )
    return [_character(row) for row in rows]


async def find_known(connection: asyncpg.Connection, ids: Collection[str]) -> set[str]:
    """Those of them that exist, whoever's they are."""
    rows = await connection.fetch("select id from character where id = any($1::text[])", list(ids))
    return {row["id"] for row in rows}


async def count(connection: asyncpg.Connection, account_id: AccountId) -> int:
    found: int = await connection.fetchval(
        "select count(*) from character where account_id = $1", account_id
    )
    return found


async def is_awaited(
    connection: asyncpg.Connection, character_id: CharacterId, account_id: AccountId
) -> bool:
    """Whether a video of the account that is still to be made names it."""
    return bool(
        await connection.fetchval(
            """
            select exists (
                select from video
                where account_id = $1 and status in ('queued', 'in_progress')
                  and $2 = any(character_ids)
            )
            """,
            account_id,
            character_id,
        )
    )


async def delete(
    connection: asyncpg.Connection, character_id: CharacterId, account_id: AccountId
) -> bool:
    """Return whether the account had it."""
    return bool(
        await connection.fetchval(
            "delete from character where id = $1 and account_id = $2 returning true",
            character_id,
            account_id,
        )
    )


def _character(row: asyncpg.Record) -> Character:
    return Character(
        id=CharacterId(row["id"]),
        account_id=AccountId(row["account_id"]),
        name=row["name"],
        created_at=row["created_at"],
    )
