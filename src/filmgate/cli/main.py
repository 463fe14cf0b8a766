"""The command line: every command with its options, and the module that carries it out.

That module is imported when its command runs, so that `filmgate --help` need not wait for all of them.
"""

from typing import Annotated

import typer

from filmgate.cli.account_commands import accounts_app, usage
from filmgate.cli.options import (
    ApiKey,
    AsJson,
    Config,
    Data,
    Slots,
    Speed,
    Url,
    VideoId,
)
from filmgate.cli.storage_commands import storage_app

app = typer.Typer(
    help="A self-hosted server for asynchronous, Sora-style video generation.",
    epilog="Exit codes: 0 done, 1 the video failed, 2 usage, 3 server unreachable, 4 API key refused.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help appears in half the time, and reads well in a pipe
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run() -> None:
    """The entry point of the `filmgate` command."""
    app(prog_name="filmgate")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version  # noqa: PLC0415 - see the module's docstring

        typer.echo(f"filmgate {version('filmgate')}")
        raise typer.Exit


@app.callback()
def _filmgate(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def make(
    prompt: Annotated[str, typer.Argument(help="What the video should show.")],
    *,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to save it: a file (replaced if it exists), a folder, or - for stdout."
            " [default: ID.mp4 here]",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model's name.")] = None,
    size: Annotated[str | None, typer.Option(help="Such as 1280x720.")] = None,
    seconds: Annotated[int | None, typer.Option(help="How long it should be.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same prompt and seed, same video.")] = None,
    image: Annotated[
        str | None,
        typer.Option(metavar="FILE|URL", help="The first frame, of exactly the video's size."),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Make a video, wait for it and save it; print the file's name.

    Ctrl-C leaves the video running and says how to fetch it later.
    """
    from filmgate.cli import videos  # noqa: PLC0415

    wishes = videos.Wishes(model=model, size=size, seconds=seconds, seed=seed, image=image)
    server = videos.Server(url=url, api_key=api_key)
    videos.make(prompt, wishes, target=output, as_json=as_json, server=server)


@app.command()
def ls(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    show_all: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List your videos. In a pipe: id, status, created, model, size, seconds, prompt, tab-separated."""
    from filmgate.cli import videos  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    videos.ls(limit=None if show_all else limit, as_json=as_json, server=server)


@app.command()
def get(
    video_id: VideoId,
    *,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Save it, waiting if it still runs: a file (replaced if it exists), a folder, or -"
            " for stdout.",
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Show a video, or with -o wait for it and download it."""
    from filmgate.cli import videos  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    videos.get(video_id, target=output, as_json=as_json, server=server)


@app.command()
def cancel(
    video_id: VideoId, *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Stop a video that is waiting or running."""
    from filmgate.cli import videos  # noqa: PLC0415

    videos.cancel(video_id, as_json=as_json, server=videos.Server(url=url, api_key=api_key))


@app.command()
def rm(video_id: VideoId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Delete a video and its bytes, stopping it if it runs."""
    from filmgate.cli import videos  # noqa: PLC0415

    videos.rm(video_id, as_json=as_json, server=videos.Server(url=url, api_key=api_key))


@app.command()
def serve(
    *,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on, 0 for a free one. [default: 8024]")
    ] = None,
    data: Data = None,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Make videos in this process too.")
    ] = True,
    slots: Slots = None,
    speed: Speed = None,
    config: Config = None,
) -> None:
    """Run the server: the API, and a worker that makes the videos."""
    from filmgate.cli import serve as server  # noqa: PLC0415

    flags = {"host": host, "port": port, "data": data, "slots": slots, "speed": speed}
    server.serve(flags, config=config, with_worker=with_worker)


@app.command()
def worker(
    *, data: Data = None, slots: Slots = None, speed: Speed = None, config: Config = None
) -> None:
    """Run a worker alone, beside a server on the same data folder or the same database."""
    from filmgate.cli import serve as server  # noqa: PLC0415

    server.worker({"data": data, "slots": slots, "speed": speed}, config=config)


@app.command()
def migrate(*, data: Data = None, config: Config = None) -> None:
    """Bring the schema of the database up to date. An embedded one is kept so by `serve`."""
    from filmgate.cli import serve as server  # noqa: PLC0415

    server.migrate({"data": data}, config=config)


@app.command()
def doctor(*, data: Data = None, config: Config = None, as_json: AsJson = False) -> None:
    """Look at everything that a server needs, and say what would help."""
    from filmgate.cli import doctor as examination  # noqa: PLC0415

    examination.run({"data": data}, config=config, as_json=as_json)


keys_app = typer.Typer(
    help="Make, list and revoke API keys, on the server's machine.", no_args_is_help=True
)
app.add_typer(keys_app, name="keys")


@keys_app.command("create")
def create_key(
    *,
    account: Annotated[
        str, typer.Option(help="Whose videos it opens; made if it is new.")
    ] = "default",
    name: Annotated[str, typer.Option(help="What you will know it by.")] = "",
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a key and print it, this once."""
    from filmgate.cli import keys  # noqa: PLC0415

    keys.create({"data": data}, config=config, account=account, name=name, as_json=as_json)


@keys_app.command("list")
def list_keys(*, as_json: AsJson = False, data: Data = None, config: Config = None) -> None:
    """List every key: never itself, only its last four characters."""
    from filmgate.cli import keys  # noqa: PLC0415

    keys.list_all({"data": data}, config=config, as_json=as_json)


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[
        int,
        typer.Argument(metavar="ID", max=2**63 - 1, help="As `filmgate keys list` shows it."),
    ],
    *,
    data: Data = None,
    config: Config = None,
) -> None:
    """Let a key open nothing from now on."""
    from filmgate.cli import keys  # noqa: PLC0415

    keys.revoke({"data": data}, config=config, key_id=key_id)


app.add_typer(accounts_app, name="accounts")
app.command()(usage)
app.add_typer(storage_app, name="storage")


webhooks_app = typer.Typer(
    help="Be told when videos end: endpoints, their secrets, and what was sent there.",
    no_args_is_help=True,
)
app.add_typer(webhooks_app, name="webhooks")

EndpointId = Annotated[
    str, typer.Argument(metavar="ID", help="As `filmgate webhooks ls` shows it.")
]


@webhooks_app.command("add")
def add_webhook(
    target: Annotated[
        str, typer.Argument(metavar="URL", help="Where events are to be sent, http or https.")
    ],
    *,
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--event", metavar="TYPE", help="video.completed or video.failed. [default: both]"
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Add an endpoint and print it with its secret, this once."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.add(target, events=events or (), as_json=as_json, server=server)


@webhooks_app.command("ls")
def list_webhooks(*, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """List your endpoints. In a pipe: id, status, events, url, tab-separated."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    webhooks.ls(as_json=as_json, server=videos.Server(url=url, api_key=api_key))


@webhooks_app.command("show")
def show_webhook(
    endpoint_id: EndpointId, *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Show an endpoint, and why it was disabled if it was."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.show(endpoint_id, as_json=as_json, server=server)


@webhooks_app.command("rm")
def remove_webhook(
    endpoint_id: EndpointId, *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Delete an endpoint and the log of its deliveries."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.rm(endpoint_id, as_json=as_json, server=server)


@webhooks_app.command("rotate")
def rotate_webhook(
    endpoint_id: EndpointId, *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Print another secret; the one before stays valid for a day."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.rotate(endpoint_id, as_json=as_json, server=server)


@webhooks_app.command("enable")
def enable_webhook(
    endpoint_id: EndpointId, *, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None
) -> None:
    """Send to an endpoint again that was disabled."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.enable(endpoint_id, as_json=as_json, server=server)


@webhooks_app.command("deliveries")
def list_deliveries(
    endpoint_id: EndpointId,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List what was sent. In a pipe: id, status, event, tries, last attempt, outcome, tab-separated."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.deliveries(endpoint_id, limit=limit, as_json=as_json, server=server)


@webhooks_app.command("replay")
def replay_delivery(
    delivery_id: Annotated[
        str, typer.Argument(metavar="ID", help="As `filmgate webhooks deliveries` shows it.")
    ],
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Send a delivery once more, whatever became of it."""
    from filmgate.cli import videos, webhooks  # noqa: PLC0415

    server = videos.Server(url=url, api_key=api_key)
    webhooks.replay(delivery_id, as_json=as_json, server=server)
