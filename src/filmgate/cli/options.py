"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="FILMGATE_URL",
        help="The server's address. [default: as in the client file that `serve` left]",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key", envvar="FILMGATE_CLIENT_API_KEY", help="[default: as in the client file]"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
VideoId = Annotated[str, typer.Argument(metavar="ID", help="As `filmgate ls` shows it.")]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The folder of database and videos.")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="[default: filmgate.toml here, if there is one]"),
]
Slots = Annotated[int | None, typer.Option(help="How many videos are made at once.")]
Speed = Annotated[
    str | None, typer.Option(metavar="full|tiny", help="tiny: 64 pixels small, for test suites.")
]
