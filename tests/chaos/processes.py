"""The processes of a run: started, hurt and started again as a supervisor would, and ended by their numbers."""

import asyncio
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil

from tests.e2e.server import COMMAND, environment

GREETING = re.compile(r"^(Next:|filmgate worker:)", re.MULTILINE)
START_SECONDS = 60.0
LAST_WORDS = 2000
STOP_SECONDS = 40.0
PATIENCE_SECONDS = 0.05
BACK_OFF_SECONDS = 0.5


class StartFailed(Exception):
    """A process did not come up, however often it was started."""


class Member:
    """One filmgate process. Whoever hurts it holds its `lock`, so that faults come one after the other."""

    def __init__(
        self, name: str, folder: Path, arguments: list[str], variables: dict[str, str]
    ) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        self.deaths: list[str] = []
        self._folder = folder
        self._arguments = arguments
        self._variables = variables
        self._popen: subprocess.Popen[bytes] | None = None
        self._is_paused = False
        self._greeting = ""

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    @property
    def is_up(self) -> bool:
        """Running, not paused, and it has said so."""
        return (
            self._popen is not None
            and self._popen.poll() is None
            and not self._is_paused
            and self._greeting != ""
        )

    @property
    def url(self) -> str | None:
        """Where it answers, if it is an API and up."""
        found = re.search(r"API +(http\S+)", self._greeting)
        return found[1] if found and self.is_up else None

    async def start(self) -> None:
        """Return when it has greeted; where it ends instead, because its database is away, start it anew."""
        deadline = time.monotonic() + START_SECONDS
        while not await self._start_once(deadline):
            if time.monotonic() > deadline:
                words = self.log()[-LAST_WORDS:]
                raise StartFailed(f"{self.name} did not start in {START_SECONDS:g} s: {words}")
            await asyncio.sleep(BACK_OFF_SECONDS)

    async def _start_once(self, deadline: float) -> bool:
        self._greeting = ""
        popen = self._popen = self._spawned()
        while popen.poll() is None and time.monotonic() < deadline:
            said = self._path("out").read_text(errors="replace")
            if GREETING.search(said):
                self._greeting = said
                break
            await asyncio.sleep(PATIENCE_SECONDS)
        return self.is_up

    def _spawned(self) -> subprocess.Popen[bytes]:
        with self._path("out").open("wb") as output, self._path("log").open("ab") as log:
            return subprocess.Popen(
                [COMMAND, *self._arguments],
                cwd=self._folder,
                env=environment(self._folder) | self._variables,
                stdout=output,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is ours to pass on
            )

    def note_death(self) -> None:
        """Called before it is hurt: dead already, it has died of itself, and that is remembered."""
        if self._popen is not None and self._popen.poll() is not None:
            self.deaths.append(f"{self.name} ended by itself with status {self._popen.returncode}")

    def pause(self) -> None:
        self._send(signal.SIGSTOP)
        self._is_paused = True

    def resume(self) -> None:
        self._send(signal.SIGCONT)
        self._is_paused = False

    async def kill(self) -> None:
        self._send(signal.SIGKILL)
        await self._ended()

    async def stop(self) -> None:
        """Ask it to end; make it, when it does not."""
        if self._popen is None or self._popen.poll() is not None:
            return
        self.resume()
        self._send(signal.SIGTERM)
        if not await self._ended(within=STOP_SECONDS):
            self.deaths.append(f"{self.name} did not stop within {STOP_SECONDS:g} s of a SIGTERM")
            await self.kill()

    @property
    def renders_begun(self) -> int:
        """By its own account, in all its lives."""
        return self._path("log").read_bytes().count(b'"render begun"')

    def render_children(self) -> list[psutil.Process]:
        try:
            family = psutil.Process(self.pid).children(recursive=True)
            return [each for each in family if _renders(each)]
        except psutil.Error:
            return []

    def log(self) -> str:
        return self._path("log").read_text(errors="replace")

    def _send(self, number: signal.Signals) -> None:
        assert self._popen is not None
        self._popen.send_signal(number)  # does nothing to one that has ended

    async def _ended(self, *, within: float | None = None) -> bool:
        assert self._popen is not None
        try:
            await asyncio.to_thread(self._popen.wait, within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _path(self, suffix: str) -> Path:
        return self._folder / f"{self.name}.{suffix}"


def left_behind(folder: Path) -> list[psutil.Process]:
    """Processes that live in the run's folder or were told of it, ours by no other mark."""
    return [
        each
        for each in psutil.process_iter()
        if each.pid != psutil.Process().pid and _is_of(each, folder)
    ]


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()).is_relative_to(folder) or any(
            str(folder) in word for word in process.cmdline()
        )
    except psutil.Error:
        return False


def _renders(process: psutil.Process) -> bool:
    try:
        return any(word.startswith("filmgate.engines.") for word in process.cmdline())
    except psutil.Error:
        return False
