"""A small HTTP server on loopback that answers as a test tells it to, faults included."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.loopback import LoopbackServer


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """`cut_after` closes the connection after so many bytes of the body; `hang` never answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hang: bool = False


Script = Reply | Callable[[Received], Reply]


def json_reply(document: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status, json.dumps(document).encode(), {"content-type": "application/json"} | named
    )


def error_reply(status: int, code: str, message: str, **headers: str) -> Reply:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return json_reply({"error": error}, status, **headers)


def wire_video(status: str = "queued", progress: int = 0, **changes: object) -> dict[str, object]:
    """The API's video object, with all of its 13 keys."""
    is_completed = status == "completed"
    video: dict[str, object] = {
        "id": "video_01kabc",
        "object": "video",
        "model": "sora-2",
        "status": status,
        "progress": 100 if is_completed else progress,
        "created_at": 1_790_000_000,
        "completed_at": 1_790_000_009 if is_completed else None,
        "expires_at": 1_790_086_409 if is_completed else None,
        "prompt": "a lake at dawn",
        "size": "1280x720",
        "seconds": "8",
        "remixed_from_video_id": None,
        "error": None,
    }
    return video | changes


def walk(*views: dict[str, object]) -> list[Reply]:
    """A video seen at each poll, the server asking for a quick next one."""
    return [json_reply(view, openai_poll_after_ms="1") for view in views]


def served_bytes(data: bytes, *, cut_first_after: int | None = None) -> Script:
    """A file with an ETag and ranges, whose first transfer may break."""
    transfers = 0

    def serve(request: Received) -> Reply:
        nonlocal transfers
        transfers += 1
        headers = {"content-type": "video/mp4", "etag": '"v1"'}
        if request.headers.get("if-range") != '"v1"':
            return Reply(200, data, headers, cut_after=cut_first_after if transfers == 1 else None)
        start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        content_range = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Reply(206, data[start:], {**headers, "content-range": content_range})

    return serve


class ScriptedServer(LoopbackServer):
    """Answers each method and path from its own list, in order; the last entry repeats."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._scripts: dict[tuple[str, str], list[Script]] = defaultdict(list)
        self._is_closing = threading.Event()
        super().__init__(self._handler())

    def __exit__(self, *_: object) -> None:
        self._is_closing.set()
        super().__exit__()

    def on(self, method: str, path: str, *scripts: Script) -> None:
        self._scripts[method, path].extend(scripts)

    def requests(self, method: str, path: str) -> list[Received]:
        return [r for r in self.received if (r.method, r.path) == (method, path)]

    def _reply_to(self, request: Received) -> Reply:
        self.received.append(request)
        scripts = self._scripts[request.method, request.path]
        if not scripts:
            return error_reply(404, "not_found", f"No script for {request.method} {request.path}")
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        return script if isinstance(script, Reply) else script(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each answer takes 40 ms

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base's name
                """Say nothing: a test's output is its own."""

            def _answer(self) -> None:
                reply = server._reply_to(_received(self))
                if reply.hang:
                    server._is_closing.wait()
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: reply.cut_after])
                self.close_connection = reply.cut_after is not None

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the base's names

        return Handler


def script_videos(server: ScriptedServer, ids: Sequence[str]) -> None:
    """An account with these videos, listed page by page as asked."""

    def serve(request: Received) -> Reply:
        begin = ids.index(request.query["after"][0]) + 1 if "after" in request.query else 0
        end = begin + int(request.query.get("limit", ["20"])[0])
        data = [wire_video("completed", id=video_id) for video_id in ids[begin:end]]
        return json_reply({"object": "list", "data": data, "has_more": end < len(ids)})

    server.on("GET", "/v1/videos", serve)


def _received(handler: BaseHTTPRequestHandler) -> Received:
    address = urlsplit(handler.path)
    return Received(
        method=handler.command,
        path=address.path,
        query=parse_qs(address.query),
        headers={name.lower(): value for name, value in handler.headers.items()},
        body=handler.rfile.read(int(handler.headers.get("content-length", 0))),
    )
