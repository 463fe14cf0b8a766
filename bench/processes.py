"""Processes of a benchmark: started on given cores, measured, and ended by their pid whatever happens."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import psutil

from bench.machine import on

END_SECONDS = 20
HERE = Path(__file__).parent
CHECKOUT = HERE.parent


class BenchmarkFailed(Exception):
    """A benchmark could not be carried out: a word for a person, not a number."""


@contextmanager
def child(
    command: Sequence[str | Path],
    *,
    cores: frozenset[int],
    folder: Path = CHECKOUT,
    environment: Mapping[str, str] | None = None,
    stderr: IO[bytes] | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """A process with pipes on its standard input and output. It has ended when the block has."""
    with on(cores):
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # A Ctrl-C is ours to handle, and Linux shares its cores out by sessions.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


@contextmanager
def module(name: str, *arguments: str, cores: frozenset[int]) -> Iterator["subprocess.Popen[str]"]:
    """A module of this package as a process of its own."""
    with child([sys.executable, "-m", name, *arguments], cores=cores) as process:
        yield process


def hear(process: "subprocess.Popen[str]") -> str:
    """The next line that it writes: the first one when it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise BenchmarkFailed(f"{_name(process)} ended with {process.wait()} before its time.")
    return line.strip()


def tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def ask(process: "subprocess.Popen[str]", question: str) -> str:
    """Tell it something and hear what it has to say to that."""
    tell(process, question)
    return hear(process)


def end(process: "subprocess.Popen[str]") -> None:
    """Ask it to end, and see to it that it does."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Of loopback, for a program that cannot take one by itself and tell."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def cpu_seconds(process: psutil.Process) -> float:
    """What its threads have used so far, in our own code and in the kernel."""
    times = process.cpu_times()
    return times.user + times.system


def _name(process: "subprocess.Popen[str]") -> str:
    """Enough to know it by: its arguments may be long, or keys."""
    words = process.args
    return " ".join(map(str, words[:3])) if isinstance(words, list) else "A process"
