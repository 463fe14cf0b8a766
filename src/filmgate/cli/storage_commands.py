"""The command line's page on the store: `filmgate storage`, with its options."""

from typing import Annotated

import typer

from filmgate.cli.options import Config, Data

storage_app = typer.Typer(
    help="Whose the place is in which films are kept, on the server's machine.",
    no_args_is_help=True,
)


@storage_app.callback()
def _storage() -> None:
    pass


@storage_app.command()
def adopt(
    *,
    is_sure: Annotated[
        bool,
        typer.Option("--yes", help="Although it may be another's, and films in it may be lost."),
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Mark the store as this database's: what lies there and has no row is removed from then on."""
    from filmgate.cli import storage  # noqa: PLC0415

    storage.adopt({"data": data}, config=config, is_sure=is_sure)
