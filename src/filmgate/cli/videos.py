"""make, ls, get, cancel, rm: everything that a user does with videos, on nothing but `filmgate.client`."""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from filmgate.cli import credentials, output
from filmgate.cli.credentials import Credentials
from filmgate.cli.output import ExitCode, Refused
from filmgate.client import (
    Client,
    ConnectionFailed,
    RateLimitError,
    ServerError,
    Video,
    VideoFailed,
)

_STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the commands go; what is None comes from the user's client file."""

    url: str | None
    api_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What `make` was asked for beside the prompt; what is None is left to the server."""

    model: str | None = None
    size: str | None = None
    seconds: int | None = None
    seed: int | None = None
    image: str | None = None


def make(prompt: str, wishes: Wishes, *, target: str | None, as_json: bool, server: Server) -> None:
    with output.failures_explained():
        _check_target(target, as_json=as_json)
        image = None if wishes.image is None else _image(wishes.image)
        with connect(server) as client:
            video = _create(client, prompt, wishes, image)
            output.say(f"{video.id} accepted by {client.url}")
            _fetch(client, video.id, target or ".", as_json=as_json, server=server)


def ls(*, limit: int | None, as_json: bool, server: Server) -> None:
    """With a limit of None, all."""
    with output.failures_explained(), connect(server) as client:
        page_size = 100 if limit is None else min(100, limit + 1)
        found = client.iterate(page_size=page_size)
        videos = list(found) if limit is None else list(islice(found, limit + 1))
        has_more = limit is not None and len(videos) > limit
        _show_list(videos[:limit], has_more=has_more, as_json=as_json)


def get(video_id: str, *, target: str | None, as_json: bool, server: Server) -> None:
    with output.failures_explained():
        _check_target(target, as_json=as_json)
        with connect(server) as client:
            # Asked for first in either case: a wait would be patient with a server that is not there.
            video = client.retrieve(video_id)
            if target is None:
                _show(video, as_json=as_json)
            else:
                _fetch(client, video_id, target, as_json=as_json, server=server)


def cancel(video_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        video = client.cancel(video_id)
        if as_json:
            output.show_document(video.as_wire())
        else:
            output.show(f"{video.id} cancelled")


def rm(video_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        client.delete(video_id)
        if as_json:
            output.show_document({"id": video_id, "object": "video.deleted", "deleted": True})
        else:
            output.show(f"{video_id} deleted")


def _check_target(target: str | None, *, as_json: bool) -> None:
    """Find out before a video is paid for whether there is a place for it."""
    if target == _STDOUT:
        if as_json:
            raise Refused("-o - and --json both want stdout. Name a file, or leave one out.")
        if sys.stdout.isatty():
            raise Refused("A terminal cannot show a video. Name a file, or pipe stdout somewhere.")
    elif target is not None and not Path(target).parent.is_dir():
        raise Refused(f"There is no folder {Path(target).parent}. Create it, or name another.")


def _image(text: str) -> Path | str:
    if text.startswith(("http://", "https://", "data:")):
        return text
    if not Path(text).is_file():
        raise Refused(f"--image {text!r} is neither a file nor an http, https or data URL.")
    return Path(text)


def connect(server: Server) -> Client:
    is_complete = server.url is not None and server.api_key is not None
    known = Credentials() if is_complete else credentials.load()
    if known.problem is not None:
        output.say(f"Note: {known.problem}")
    url = server.url or known.default_url
    try:
        # An impatient client: someone is looking at the terminal.
        return Client(url, server.api_key or known.api_key_for(url), max_retries=2)
    except ValueError as error:
        raise Refused(str(error)) from error


def _create(client: Client, prompt: str, wishes: Wishes, image: Path | str | None) -> Video:
    try:
        return client.create(
            prompt,
            model=wishes.model,
            size=wishes.size,
            seconds=wishes.seconds,
            seed=wishes.seed,
            image=image,
        )
    except KeyboardInterrupt:
        output.say("Interrupted before the server answered. If it did accept: filmgate ls")
        raise SystemExit(ExitCode.INTERRUPTED) from None


def _fetch(client: Client, video_id: str, target: str, *, as_json: bool, server: Server) -> None:
    """Wait for the video, save it, and show where it is."""
    with _resumable(_resume_command(video_id, target, server)):
        video = _wait(client, video_id, as_json=as_json)
        if target == _STDOUT:
            _copy_to_stdout(client, video_id)
            return
        path = client.download(video_id, _file(target, video_id))
    if as_json:
        output.show_document({**video.as_wire(), "path": str(path)})
    else:
        output.say(f"{video.id} completed: {video.size}, {video.seconds} s")
        output.show(str(path))


def _wait(client: Client, video_id: str, *, as_json: bool) -> Video:
    try:
        with output.progress() as show_progress:
            return client.wait(video_id, on_progress=show_progress)
    except VideoFailed as failed:
        if as_json:
            output.show_document(failed.video.as_wire())
        raise


@contextmanager
def _resumable(command: str) -> Iterator[None]:
    """Whatever ends the waiting, the video goes on: say how to come back to it."""
    try:
        yield
    except KeyboardInterrupt:
        output.say(f"Interrupted; the video goes on. To fetch it later: {command}")
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except (ConnectionFailed, RateLimitError, ServerError, OSError) as error:
        error.add_note(f"To fetch the video later: {command}")
        raise


def _resume_command(video_id: str, target: str, server: Server) -> str:
    words = ["filmgate", "get", video_id, "-o", target]
    if server.url is not None:
        words += ["--url", server.url]
    return shlex.join(words)


def _file(target: str, video_id: str) -> Path:
    path = Path(target)
    return path / f"{video_id}.mp4" if path.is_dir() else path


def _copy_to_stdout(client: Client, video_id: str) -> None:
    """By way of a temporary file: a connection that breaks half-way must not repeat bytes."""
    with tempfile.TemporaryDirectory(prefix="filmgate-") as folder:
        path = client.download(video_id, Path(folder) / "video.mp4")
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _show(video: Video, *, as_json: bool) -> None:
    if as_json:
        output.show_document(video.as_wire())
        return
    output.show_details(video)
    if video.status == "completed":
        output.say(f"To download it: filmgate get {video.id} -o FILE")


def _show_list(videos: list[Video], *, has_more: bool, as_json: bool) -> None:
    if as_json:
        data = [video.as_wire() for video in videos]
        output.show_document({"object": "list", "data": data, "has_more": has_more})
        return
    output.show_videos(videos)
    if has_more:
        output.say("There are more: filmgate ls --all")
    if not videos:
        output.say('There are no videos yet. Make one with: filmgate make "a lake at dawn"')
