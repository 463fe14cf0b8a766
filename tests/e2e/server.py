"""A real `filmgate` process and what a test does with it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import psutil

START_DEADLINE_SECONDS = 30
COMMAND = Path(sys.executable).with_name("filmgate")


class Process:
    """`filmgate COMMAND …` on a data folder and a home of its own."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.folder = folder
        self._arguments = arguments
        self._variables = variables
        self.output = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.popen.poll() is None:
            self.stop()

    def start(self) -> None:
        """Return when it has greeted."""
        self.output = ""
        self._log = (self.folder / f"{self._arguments[0]}.log").open("ab")
        self.popen = subprocess.Popen(
            [COMMAND, *self._arguments, "--data", str(self.folder / "data")],
            cwd=self.folder,
            env=environment(self.folder) | self._variables,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.popen.stdout is not None
        greeted = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(greeted,))
        self._reader.start()
        ended = time.monotonic() + START_DEADLINE_SECONDS
        while not greeted.wait(0.02) and time.monotonic() < ended:
            assert self.popen.poll() is None, self.log()
        assert greeted.is_set(), f"no greeting: {self.output}{self.log()}"

    def _read(self, greeted: threading.Event) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.output += line
            if line.startswith(("Next:", "filmgate worker:")):
                greeted.set()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit status."""
        self.popen.send_signal(number)
        status = self.popen.wait(30)
        self._tidy()
        return status

    def kill(self) -> None:
        """As the kernel would when memory runs out: without a word."""
        self.popen.kill()
        self.popen.wait()
        self._tidy()

    def _tidy(self) -> None:
        self._reader.join()
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        self._log.close()

    def log(self) -> str:
        return (self.folder / f"{self._arguments[0]}.log").read_text()

    @property
    def url(self) -> str:
        found = re.search(r"API +(http\S+)", self.output)
        assert found is not None
        return found[1]

    @property
    def api_key(self) -> str:
        found = re.search(r"API key +(\S+)", self.output)
        assert found is not None
        return found[1]

    def render_children(self) -> list[psutil.Process]:
        children = psutil.Process(self.popen.pid).children(recursive=True)
        return [child for child in children if any(map(_is_render, child.cmdline()))]

    def postmaster(self) -> psutil.Process:
        pid_file = self.folder / "data/postgres/data/postmaster.pid"
        return psutil.Process(int(pid_file.read_text().splitlines()[0]))


class Relay:
    """A client of the relay dialect, as the seeds describe it."""

    def __init__(self, url: str, api_key: str) -> None:
        self.http = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=30
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def create(self, **fields: object) -> str:
        body = {
            "model": "openAiSora2Plus",
            "prompt": "A cat dancing in the rain, cinematic style",
            "aspect_ratio": "16:9",
            "seconds": 8,
        }
        answer = self.http.post("/v1/sora/videos", json=body | fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def result(self, video_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/result/{video_id}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def wait_for(self, video_id: str, *statuses: str, within: float = 60) -> dict[str, Any]:
        ended = time.monotonic() + within
        while (found := self.result(video_id))["status"] not in statuses:
            assert time.monotonic() < ended, found
            time.sleep(0.05)
        return found


def _is_render(argument: str) -> bool:
    """Whether a child that was started with this argument renders: others do other work."""
    return argument.startswith("filmgate.engines.")


def environment(folder: Path) -> dict[str, str]:
    """Ours, but for everything that filmgate would read from it."""
    ours = {name: value for name, value in os.environ.items() if "FILMGATE" not in name}  # noqa: TID251
    return ours | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}


@contextmanager
def serving(folder: Path, *arguments: str, **variables: str) -> Iterator[tuple[Process, Relay]]:
    """A running server and a client that holds its key."""
    with Process(folder, "serve", "--port", "0", *arguments, **variables) as server:
        key = variables.get("FILMGATE_API_KEY") or server.api_key
        with Relay(server.url, key) as relay:
            yield server, relay
