"""The command line's page on accounts: `filmgate accounts` and `filmgate usage`, with their options."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from filmgate.cli.options import AsJson, Config, Data

accounts_app = typer.Typer(
    help="What accounts may do and spend: limits, credit and the ledger, on the server's machine.",
    no_args_is_help=True,
)
AccountName = Annotated[
    str, typer.Argument(metavar="NAME", help="As `filmgate accounts ls` shows it.")
]
Limit = "N|none"


@accounts_app.command("ls")
def list_accounts(*, as_json: AsJson = False, data: Data = None, config: Config = None) -> None:
    """List the accounts with their limits, their balance, and how many videos they have under way."""
    from filmgate.cli import accounts  # noqa: PLC0415

    accounts.ls({"data": data}, config=config, as_json=as_json)


@accounts_app.command("create")
def create_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you will know it by.")],
    *,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make an account, without limits at first."""
    from filmgate.cli import accounts  # noqa: PLC0415

    accounts.create({"data": data}, config=config, name=name)


@accounts_app.command("set")
def set_account(
    name: AccountName,
    *,
    weight: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Its share beside others that wait; 1 at first."),
    ] = None,
    running: Annotated[
        str | None, typer.Option(metavar=Limit, help="How many videos may be made at once.")
    ] = None,
    queued: Annotated[
        str | None, typer.Option(metavar=Limit, help="How many videos may wait.")
    ] = None,
    requests_per_minute: Annotated[
        str | None, typer.Option(metavar=Limit, help="How often it may ask.")
    ] = None,
    credit: Annotated[
        Literal["on", "off"] | None,
        typer.Option(metavar="on|off", help="Whether it may spend no more than it has."),
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Set limits. A higher one counts at once; what runs already goes on under a lower one."""
    from filmgate.cli import accounts  # noqa: PLC0415

    terms = accounts.Terms(
        weight=weight,
        running=running,
        queued=queued,
        requests_per_minute=requests_per_minute,
        credit=credit,
    )
    accounts.change({"data": data}, config=config, name=name, terms=terms)


@accounts_app.command("grant", context_settings={"ignore_unknown_options": True})
def grant(
    name: AccountName,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="In your currency, such as 25 or 0.5.")
    ],
    *,
    data: Data = None,
    config: Config = None,
) -> None:
    """Add to an account's balance and print it. A negative amount corrects an earlier one."""
    from filmgate.cli import accounts  # noqa: PLC0415

    accounts.grant({"data": data}, config=config, name=name, amount=amount)


@accounts_app.command("show")
def show_account(
    name: AccountName, *, as_json: AsJson = False, data: Data = None, config: Config = None
) -> None:
    """Show an account's limits, its balance and the latest entries of its ledger."""
    from filmgate.cli import accounts  # noqa: PLC0415

    accounts.describe({"data": data}, config=config, name=name, as_json=as_json)


def usage(
    *,
    by: Annotated[
        str, typer.Option(metavar="PARTS", help="Any of account, key, model and day, by commas.")
    ] = "key,model,day",
    account: Annotated[str | None, typer.Option(metavar="NAME", help="Of this one alone.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="The first day, in UTC, such as 2026-11-01. [default: 30 days with the last]",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DAY", help="The last day, included. [default: today]"
        ),
    ] = None,
    form: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to print it.")
    ] = "table",
    data: Data = None,
    config: Config = None,
) -> None:
    """Count videos, seconds delivered and charges, on the server's machine."""
    from filmgate.cli import usage as counting  # noqa: PLC0415

    question = counting.Question(
        by=by,
        account=account,
        since=since and since.date(),
        until=until and until.date(),
    )
    counting.run({"data": data}, config=config, question=question, form=form)
