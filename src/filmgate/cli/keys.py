"""`filmgate keys`: make, list and revoke API keys, in the database and without a running server."""

from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from filmgate.cli.output import say, show, show_document
from filmgate.cli.server_side import Flags, with_database
from filmgate.core.account import ApiKey, ApiKeyId
from filmgate.database.connection import Database
from filmgate.usecases import accounts


def create(flags: Flags, *, config: Path | None, account: str, name: str, as_json: bool) -> None:
    """Print the new key to standard output, alone, so that a script can catch it."""

    async def make(database: Database) -> tuple[bool, str, ApiKey]:
        is_new = not await accounts.has_account(database, account)
        made = await accounts.create_key(database, account=account, name=name)
        return is_new, *made

    is_new, secret, key = with_database(flags, config, make)
    if as_json:
        show_document(_document(account, key) | {"api_key": secret})
        return
    show(secret)
    if is_new:
        say(
            f"There was no account {account!r}: it was made, without limits. See: filmgate accounts"
        )
    say(f"Key {key.id} of account {account!r}. Keep it: it is shown this once.")


def list_all(flags: Flags, *, config: Path | None, as_json: bool) -> None:
    keys = with_database(flags, config, accounts.list_keys)
    if as_json:
        show_document({"data": [_document(account, key) for account, key in keys]})
        return
    table = Table("ID", "Account", "Name", "Key", "Created", "Last used", "State", box=None)
    for account, key in keys:
        state = "live" if key.revoked_at is None else f"revoked {_moment(key.revoked_at)}"
        used = "never" if key.last_used_at is None else _moment(key.last_used_at)
        table.add_row(
            str(key.id), account, key.name, f"…{key.hint}", _moment(key.created_at), used, state
        )
    Console().print(table)


def revoke(flags: Flags, *, config: Path | None, key_id: int) -> None:
    with_database(flags, config, lambda db: accounts.revoke_key(db, ApiKeyId(key_id)))
    show(f"Key {key_id} is revoked: a second from now it opens nothing any more.")


def _document(account: str, key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "account": account,
        "name": key.name,
        "hint": key.hint,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
