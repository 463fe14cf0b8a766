"""The `character` table."""

from collections.abc import Sequence

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


def _character(row: asyncpg.Record) -> Character:
    return Character(
        id=CharacterId(row["id"]),
        account_id=AccountId(row["account_id"]),
        name=row["name"],
        created_at=row["created_at"],
    )
