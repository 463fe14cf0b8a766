"""Reference servers on the API's core: raw ASGI, FastAPI with a response model, nginx with a file."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.processes import BenchmarkFailed, child, free_port, hear, module
from bench.stage import Stage

START_SECONDS = 10
NGINX_MISSING = (
    "nginx is not installed, so nothing is compared with it (Debian: apt-get install nginx-light)."
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a reference answers, and the processes that do it."""

    url: str
    processes: tuple[psutil.Process, ...]


@contextmanager
def python_reference(stage: Stage, name: str) -> Iterator[Reference]:
    """`bench.references.NAME` under uvicorn, which says its address when it is ready."""
    with module(f"bench.references.{name}", cores=stage.cores.api) as process:
        yield Reference(hear(process), (psutil.Process(process.pid),))


def has_nginx() -> bool:
    return shutil.which("nginx") is not None


@contextmanager
def nginx(stage: Stage, *, locations: str) -> Iterator[Reference]:
    """nginx with one worker and a configuration of its own, which touches nothing of the system's."""
    folder = stage.folder / "nginx"
    folder.mkdir(mode=0o711)
    port = free_port()
    (folder / "nginx.conf").write_text(_configuration(port, locations), encoding="utf-8")
    command: list[str | Path] = ["nginx", "-p", folder, "-c", folder / "nginx.conf"]
    command += ["-e", folder / "error.log"]
    with child(command, cores=stage.cores.api, folder=folder) as process:
        _wait_for(port)
        master = psutil.Process(process.pid)
        yield Reference(f"http://127.0.0.1:{port}", (master, *master.children()))


def _configuration(port: int, locations: str) -> str:
    owner = "user root;" if os.geteuid() == 0 else ""
    places = " ".join(
        f"{name}_temp_path temp;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
{owner}
daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    {places}
    sendfile on;
    keepalive_requests 1000000000;
    default_type application/json;
    server {{
        listen 127.0.0.1:{port};
        {locations}
    }}
}}
"""


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise BenchmarkFailed(f"nginx does not listen on port {port}.")


def write_page(folder: Path, text: bytes) -> str:
    """A file for nginx to serve, and the locations that serve it."""
    folder.mkdir(mode=0o755)
    (folder / "status.json").write_bytes(text)
    return f"location / {{ root {folder}; }}"
