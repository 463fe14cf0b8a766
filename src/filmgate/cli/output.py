"""What the commands print, and the exit codes: results to stdout, everything else to stderr."""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from filmgate.client import (
    APIError,
    AuthenticationError,
    ClientError,
    ConnectionFailed,
    PermissionDeniedError,
    QueuePlace,
    RateLimitError,
    ServerError,
    UnexpectedAnswer,
    Video,
    VideoFailed,
)


class ExitCode(IntEnum):
    """Part of the commands' contract: scripts rely on them."""

    DONE = 0
    VIDEO_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    AUTH = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class Refused(Exception):
    """What was typed cannot be done, as the message explains."""


@contextmanager
def failures_explained() -> Iterator[None]:
    """End the command with a sentence and an exit code when something goes wrong.

    Notes added to the exception are printed below the sentence.
    """
    try:
        yield
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does: nobody is left to explain it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(ExitCode.BROKEN_PIPE) from None
    except (ClientError, Refused, OSError, ValueError) as error:
        code, sentence = _explain(error)
        say(f"Error: {sentence}")
        for note in getattr(error, "__notes__", ()):
            say(note)
        raise SystemExit(code) from None


def _explain(error: Exception) -> tuple[ExitCode, str]:
    nothing_special = ExitCode.USAGE, ""
    known = (_VERDICTS[kind] for kind in type(error).__mro__ if kind in _VERDICTS)
    code, advice = next(known, nothing_special)
    return code, f"{_sentence(error)} {advice}".rstrip()


def _sentence(error: Exception) -> str:
    match error:
        case OSError(filename=str(name), strerror=str(reason)):
            return f"{name}: {reason}."
        case APIError(request_id=str(request_id)) if error.status >= 500:
            return f"{error} (request id {request_id})"
        case _:
            return str(error)


_NEEDS_KEY = "Pass --api-key or set FILMGATE_CLIENT_API_KEY."
_VERDICTS: Mapping[type, tuple[ExitCode, str]] = {
    VideoFailed: (ExitCode.VIDEO_FAILED, ""),
    AuthenticationError: (ExitCode.AUTH, _NEEDS_KEY),
    PermissionDeniedError: (ExitCode.AUTH, _NEEDS_KEY),
    ConnectionFailed: (
        ExitCode.UNREACHABLE,
        "Is the server running? Start one with: filmgate serve (or name another with --url)",
    ),
    UnexpectedAnswer: (ExitCode.UNREACHABLE, "Check the address: --url or FILMGATE_URL."),
    RateLimitError: (ExitCode.UNREACHABLE, ""),
    ServerError: (ExitCode.UNREACHABLE, "Try again later."),
}


def say(text: str) -> None:
    """A line to the person at the terminal, never to the pipe."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show_document(document: Mapping[str, object]) -> None:
    show(json.dumps(document, ensure_ascii=False, indent=2))


def show_rows(
    names: Sequence[str], rows: Iterable[Sequence[str]], *, folding: Collection[str] = ()
) -> None:
    """A table for people; tab-separated values when nobody is watching.

    Where the terminal is narrow, the last column is folded, or the ones that are named.
    """
    clean = [[one_line(value) for value in row] for row in rows]
    console = Console()
    if not console.is_terminal:
        for row in clean:
            show("\t".join(row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=name not in (folding or names[-1:]), overflow="fold")
    for row in clean:
        table.add_row(*map(Text, row))
    console.print(table)


def show_videos(videos: Iterable[Video]) -> None:
    """A table for people; one line of tab-separated values for each video when nobody is watching."""
    console = Console()
    if console.is_terminal:
        console.print(_table(videos))
        return
    for video in videos:
        created = video.created_at.isoformat()
        length = str(video.seconds)
        fields = (video.id, video.status, created, video.model, video.size, length)
        show("\t".join((*fields, one_line(video.prompt or ""))))


def show_details(video: Video) -> None:
    lines = {
        "id": video.id,
        "status": _standing(video),
        "queue": video.queue and _place(video.queue),
        "error": video.error and f"{video.error.message} ({video.error.code})",
        "model": video.model,
        "size": video.size,
        "seconds": str(video.seconds),
        "prompt": one_line(video.prompt or ""),
        "created": _local(video.created_at),
        "completed": video.completed_at and _local(video.completed_at),
        "expires": video.expires_at and _local(video.expires_at),
    }
    for name, value in lines.items():
        if value:
            show(f"{name:<10} {value}")


@contextmanager
def progress() -> Iterator[Callable[[Video], None]]:
    """Yield what to call with each new view of the video that is being waited for."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _status_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("queued", total=None)

        def update(video: Video) -> None:
            total = None if video.status == "queued" else 100
            words = f"{video.status.replace('_', ' ')}{_and_place(video)}"
            bar.update(task, description=words, total=total, completed=video.progress)

        yield update


def _status_lines() -> Callable[[Video], None]:
    """For logs: a line for each change of status, none for progress. The end gets its own words."""
    last = ""

    def update(video: Video) -> None:
        nonlocal last
        if video.status != last and not video.is_terminal:
            last = video.status
            say(f"{video.id} {video.status}{_and_place(video)}")

    return update


def _table(videos: Iterable[Video]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ID", "STATUS", "CREATED", "LENGTH"):
        table.add_column(name, no_wrap=True)
    table.add_column("PROMPT")  # the one that may shrink: its text is cut, not wrapped
    for video in videos:
        created = video.created_at.astimezone().strftime("%m-%d %H:%M")
        prompt = Text(one_line(video.prompt or ""), no_wrap=True, overflow="ellipsis")
        table.add_row(video.id, _standing(video), created, f"{video.seconds} s", prompt)
    return table


def _standing(video: Video) -> str:
    is_running = video.status == "in_progress"
    return f"{video.status} {video.progress} %" if is_running else video.status


def _and_place(video: Video) -> str:
    return f", {_place(video.queue)}" if video.queue else ""


def _place(place: QueuePlace) -> str:
    """Such as: 3rd in line, starts in about 40 s."""
    return f"{_ordinal(place.position)} in line, starts in about {_about(place.starts_in_seconds)}"


def _ordinal(number: int) -> str:
    is_teen = number % 100 in {11, 12, 13}
    ending = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _about(seconds: int) -> str:
    """No more exact than an estimate can be."""
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def one_line(text: str) -> str:
    """Prompts are other people's text: no line breaks, and nothing that steers a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
