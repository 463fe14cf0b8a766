"""A proxy that does with X-Accel-Redirect what nginx does: sends the named file in place of the answer."""

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer

KEPT = ("content-type", "content-disposition", "cache-control")


@dataclass(frozen=True)
class Arrangement:
    """Whom the proxy asks, and where it finds what the answers call `location`."""

    upstream: str
    location: str
    folder: Path


class XAccelProxy(LoopbackServer):
    """For GET alone."""

    def __init__(self, arrangement: Arrangement) -> None:
        super().__init__(type("Handler", (_Handler,), {"arrangement": arrangement}))


class _Handler(BaseHTTPRequestHandler):
    arrangement: ClassVar[Arrangement]

    def do_GET(self) -> None:
        connection = HTTPConnection(urlsplit(self.arrangement.upstream).netloc, timeout=20)
        connection.request("GET", self.path, headers=dict(self.headers))
        answer = connection.getresponse()
        body, place = answer.read(), answer.headers["x-accel-redirect"]
        connection.close()
        if place is None:
            self._send(answer.status, dict(answer.headers), body)
        else:
            self._send_file(answer.headers, place.removeprefix(self.arrangement.location))

    def _send_file(self, told: HTTPMessage, name: str) -> None:
        film = (self.arrangement.folder / name).read_bytes()
        asked = self.headers["range"]
        first, _, last = (asked or "bytes=0-").removeprefix("bytes=").partition("-")
        part = film[int(first) : int(last or len(film)) + 1]
        headers = {header: str(told[header]) for header in KEPT}
        self._send(206 if asked else 200, {**headers, "content-length": str(len(part))}, part)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Nobody reads it."""
