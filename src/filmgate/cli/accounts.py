"""`filmgate accounts`: limits, credit and the ledger, in the database and without a running server."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filmgate.cli.money import read_amount, write_amount
from filmgate.cli.output import Refused, one_line, say, show, show_document, show_rows
from filmgate.cli.server_side import Flags, server_failures_explained, with_database
from filmgate.core.account import Account
from filmgate.database.accounts import Standing
from filmgate.database.ledger import Entry
from filmgate.usecases import accounts
from filmgate.usecases.accounts import Change, Limit

ENTRIES: Final = 10
"""How much of the ledger `show` shows."""
_LARGEST = 2**31 - 1
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What `set` was asked for, as it was typed; what is None stays."""

    weight: int | None
    running: str | None
    queued: str | None
    requests_per_minute: str | None
    credit: str | None


def ls(flags: Flags, *, config: Path | None, as_json: bool) -> None:
    standings = with_database(flags, config, accounts.list_accounts)
    if as_json:
        show_document({"data": [_document(standing) for standing in standings]})
        return
    show_rows(
        ("ACCOUNT", "WEIGHT", "RUNNING", "WAITING", "REQUESTS", "CREDIT", "BALANCE"),
        [_row(standing) for standing in standings],
    )
    if not standings:
        say("There are no accounts yet. Make one with: filmgate accounts create NAME")


def create(flags: Flags, *, config: Path | None, name: str) -> None:
    with server_failures_explained():
        _check_name(name)
    with_database(flags, config, lambda database: accounts.create_account(database, name))
    show(f"{name} created")
    say(f"Make a key for it with: filmgate keys create --account {name}")


def change(flags: Flags, *, config: Path | None, name: str, terms: Terms) -> None:
    with server_failures_explained():
        wanted = _read(terms)
    account = with_database(
        flags, config, lambda database: accounts.change_account(database, name, wanted)
    )
    for line in _limits(account).items():
        _show_line(*line)


def grant(flags: Flags, *, config: Path | None, name: str, amount: str) -> None:
    with server_failures_explained():
        micro_units = read_amount(amount)
        if micro_units == 0:
            raise Refused("An amount of 0 grants nothing; a negative one corrects a grant.")
    account = with_database(
        flags, config, lambda database: accounts.grant(database, name, micro_units)
    )
    show(write_amount(account.balance))
    if not account.has_credit:
        say(
            f"{name} may spend more than it has. To hold it to its balance: "
            f"filmgate accounts set {name} --credit on"
        )


def describe(flags: Flags, *, config: Path | None, name: str, as_json: bool) -> None:
    statement = with_database(
        flags,
        config,
        lambda database: accounts.describe_account(database, name, entries=ENTRIES),
    )
    if as_json:
        entries = [_entry_document(entry) for entry in statement.entries]
        show_document(_document(statement.standing) | {"entries": entries})
        return
    for line in _lines(statement.standing).items():
        _show_line(*line)
    if statement.entries:
        show("")
        show_rows(("WHEN", "ENTRY", "AMOUNT", "VIDEO"), [_entry_row(e) for e in statement.entries])


def _check_name(name: str) -> None:
    if not 0 < len(name) <= 100 or name != one_line(name):
        raise Refused(
            f"{name[:100]!r} is not a name for an account: 1 to 100 printable characters, no space at"
            " either end and none twice."
        )


def _read(terms: Terms) -> Change:
    wanted = Change(
        weight=terms.weight,
        running=_limit("--running", terms.running, least=1),
        queued=_limit("--queued", terms.queued, least=0),
        requests_per_minute=_limit("--requests-per-minute", terms.requests_per_minute, least=1),
        has_credit=None if terms.credit is None else terms.credit == "on",
    )
    if wanted == Change():
        raise Refused(
            "Say what to set: --weight, --running, --queued, --requests-per-minute or --credit."
        )
    return wanted


def _limit(option: str, text: str | None, *, least: int) -> Limit | None:
    if text is None:
        return None
    if text == "none":
        return Limit(None)
    if _NUMBER.fullmatch(text) is None or not least <= int(text) <= _LARGEST:
        raise Refused(
            f"{option} {text!r} is neither a whole number from {least} to {_LARGEST} nor: none"
        )
    return Limit(int(text))


def _row(standing: Standing) -> tuple[str, ...]:
    account = standing.account
    return (
        account.name,
        str(account.weight),
        _of(standing.running, account.running_limit),
        _of(standing.waiting, account.queued_limit),
        _rate(account),
        _credit(account),
        write_amount(account.balance),
    )


def _lines(standing: Standing) -> dict[str, str]:
    account = standing.account
    return {
        "account": account.name,
        "balance": write_amount(account.balance),
        **_limits(account),
        "videos": f"{standing.running} running, {standing.waiting} waiting",
    }


def _limits(account: Account) -> dict[str, str]:
    return {
        "weight": str(account.weight),
        "running": _at_most(account.running_limit),
        "queued": _at_most(account.queued_limit),
        "requests": _rate(account),
        "credit": _credit(account),
    }


def _show_line(name: str, value: str) -> None:
    show(f"{name:<10} {one_line(value)}")


def _of(count: int, limit: int | None) -> str:
    return str(count) if limit is None else f"{count} of {limit}"


def _at_most(limit: int | None) -> str:
    return "no limit" if limit is None else f"at most {limit}"


def _rate(account: Account) -> str:
    limit = account.requests_per_minute
    return "no limit" if limit is None else f"{limit} a minute"


def _credit(account: Account) -> str:
    return "on" if account.has_credit else "off"


def _entry_row(entry: Entry) -> tuple[str, ...]:
    return (
        f"{entry.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
        entry.kind,
        write_amount(entry.amount),
        f"video_{entry.video_id}" if entry.video_id else "",
    )


def _document(standing: Standing) -> dict[str, object]:
    account = standing.account
    return {
        "name": account.name,
        "weight": account.weight,
        "running_limit": account.running_limit,
        "queued_limit": account.queued_limit,
        "requests_per_minute": account.requests_per_minute,
        "has_credit": account.has_credit,
        "balance": write_amount(account.balance),
        "balance_micro_units": account.balance,
        "running": standing.running,
        "waiting": standing.waiting,
    }


def _entry_document(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "amount": write_amount(entry.amount),
        "amount_micro_units": entry.amount,
        "video_id": f"video_{entry.video_id}" if entry.video_id else None,
        "created_at": entry.created_at.isoformat(),
    }
