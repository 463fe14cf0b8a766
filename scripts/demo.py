"""`make demo`: start a server, ask it for a video as a relay's client would, and look at what came.

Everything goes over HTTP to a real `filmgate serve` on a data folder of its own, which is removed at the end.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from filmgate.core.spec import FRAMES_PER_SECOND
from filmgate.media.contact_sheet import write_contact_sheet
from filmgate.media.probe import Probe, probe

RELAY_PREFIX = "/kyyReactApiServer"
REQUEST = {
    "model": "openAiSora2Plus",
    "prompt": "A cat dancing in the rain, cinematic style",
    "aspect_ratio": "16:9",
    "seconds": 8,
}
FILM, SHEET = Path("demo.mp4"), Path("demo.png")
RENDER_DEADLINE_SECONDS = 300

console = Console()


def main() -> None:
    began = time.monotonic()
    with _scratch() as scratch, _server(scratch) as (url, key):
        started = time.monotonic() - began
        console.print(f"filmgate answers at {url} after {started:.1f} s.")
        with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
            video_id = _create(client)
            result = _wait(client, video_id)
        _download(result["video_url"])
        made = time.monotonic() - began - started
    found = probe(FILM)
    _check(found, result)
    write_contact_sheet(FILM, SHEET)
    _report(found, made=made)


def _create(client: httpx2.Client) -> str:
    path = f"{RELAY_PREFIX}/sora/videos"
    answer = client.post(path, json=REQUEST)
    answer.raise_for_status()
    console.print(f"POST {path} with {REQUEST['model']}:")
    console.print(f"{answer.json()['id']} is {answer.json()['status']}.")
    return str(answer.json()["id"])


def _wait(client: httpx2.Client, video_id: str) -> dict[str, Any]:
    """Poll as a relay's client does; how far it is, only the openai dialect tells."""
    deadline = time.monotonic() + RENDER_DEADLINE_SECONDS
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("queued", total=100)
        while time.monotonic() < deadline:
            result = _get(client, f"{RELAY_PREFIX}/v1/result/{video_id}")
            twin = _get(client, f"/v1/videos/{video_id.replace('sora_', 'video_')}")
            bar.update(task, description=result["status"], completed=twin["progress"])
            if result["status"] in {"completed", "failed"}:
                break
            time.sleep(0.25)
    if result["status"] != "completed":
        sys.exit(f"The video is {result['status']}: {result['error']}")
    return result


def _get(client: httpx2.Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def _download(video_url: str) -> None:
    """The link carries its own proof: no header, no key."""
    with httpx2.stream("GET", video_url) as answer:
        answer.raise_for_status()
        with FILM.open("wb") as file:
            for chunk in answer.iter_bytes():
                file.write(chunk)


def _check(found: Probe, result: dict[str, Any]) -> None:
    wrong = [
        name
        for name, is_right in {
            "1280x720": (found.width, found.height) == (1280, 720),
            "8 s, give or take a frame": abs(found.duration - 8) <= 1 / FRAMES_PER_SECOND,
            "H.264 in yuv420p": (found.video_codec, found.pixel_format) == ("h264", "yuv420p"),
            "AAC": found.audio_codec == "aac",
            "the index at the front": found.has_index_at_front,
            "actualDuration as measured": result["actualDuration"] == found.duration,
        }.items()
        if not is_right
    ]
    if wrong:
        sys.exit(f"{FILM} is not what was promised: {', '.join(wrong)}. It is {found}.")


def _report(found: Probe, *, made: float) -> None:
    size = FILM.stat().st_size / 1e6
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("prompt", str(REQUEST["prompt"]))
    table.add_row("picture", f"{found.width}x{found.height}, {found.frame_count} frames, H.264")
    table.add_row("sound", f"{found.audio_codec}, {found.duration:g} s long like the picture")
    table.add_row("file", f"{FILM}, {size:.1f} MB, playable while it loads")
    table.add_row("contact sheet", str(SHEET))
    table.add_row(
        "time", f"{made:.1f} s from request to file; a first run compiles the renderer too"
    )
    table.add_row("link", "signed, good for one day, fetched without a key")
    console.print()
    console.print(table)
    console.print()
    console.print("Next, a server of your own, and a video from a second terminal:")
    console.print("  .venv/bin/filmgate serve")
    console.print('  .venv/bin/filmgate make "A lighthouse in a snowstorm at night" -o film.mp4')


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="filmgate-demo-"))
    folder.chmod(0o711)  # for root's sake: PostgreSQL is somebody else then, and must pass through
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _server(scratch: Path) -> Iterator[tuple[str, str]]:
    """A `filmgate serve` that knows nothing of the user's own: neither settings nor client file."""
    settings = {name: value for name, value in os.environ.items() if "FILMGATE" not in name}
    log = (scratch / "server.log").open("wb")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("filmgate"), "serve", "--port", "0", "--data", "data"],
        cwd=scratch,
        env=settings | {"XDG_CONFIG_HOME": str(scratch / "config"), "HOME": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        yield _greeting(process, scratch)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
        log.close()


def _greeting(process: "subprocess.Popen[str]", scratch: Path) -> tuple[str, str]:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith("Next:"):
            break
    found = re.search(r"API +(http\S+)[\s\S]*API key +(\S+)", seen)
    if found is None:
        sys.exit(f"The server did not start.\n{seen}{(scratch / 'server.log').read_text()}")
    return found[1], found[2]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted.")
