"""Character: somebody, or something, that a short film has shown us and that later prompts may name."""

from dataclasses import dataclass
from datetime import datetime

from filmgate.core.account import AccountId
from filmgate.core.errors import InvalidRequest
from filmgate.core.spec import CharacterId

NAME_LIMIT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    id: CharacterId
    account_id: AccountId
    name: str
    created_at: datetime


def check_name(name: str | None) -> str:
    """Raises InvalidRequest unless the name has 1 to 80 characters."""
    if name is None or not name.strip():
        raise InvalidRequest("name", f"name is required: 1 to {NAME_LIMIT} characters.")
    if len(name) > NAME_LIMIT:
        raise InvalidRequest(
            "name", f"name has {len(name)} characters; at most {NAME_LIMIT} are allowed."
        )
    if "\0" in name:
        raise InvalidRequest("name", "name contains a NUL character; send text only.")
    return name
