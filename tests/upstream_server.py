"""A small upstream on loopback that speaks the openai dialect, counts what it is paid for, and fails as told."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import LoopbackServer
from tests.scripted_server import Reply, error_reply, json_reply


class Fault(Enum):
    """What becomes of one create."""

    DROP_AFTER = auto()
    """Accept it, and close the connection without a word."""

    DROP_BEFORE = auto()
    """Close the connection without having accepted it."""

    LATE = auto()
    """Accept it, and answer when `hurry` is set."""

    ERROR_AFTER = auto()
    """Accept it, and answer 500."""

    ERROR_BEFORE = auto()
    """Answer 500 without having accepted it."""

    GARBAGE = auto()
    """Accept it, and answer something that is no JSON."""

    TOO_MANY = auto()
    """Answer 429, with how long to wait."""

    BAD = auto()
    """Answer 400."""

    MODERATED = auto()
    """Answer 400 with the code for refused content."""

    FORBIDDEN = auto()
    """Answer 401, quoting the key as some do."""


_ACCEPTS = {Fault.DROP_AFTER, Fault.LATE, Fault.ERROR_AFTER, Fault.GARBAGE}


@dataclass
class Job:
    """One accepted create. `looks` counts the polls that it was seen in."""

    id: str
    key: str | None
    fields: Mapping[str, str]
    picture: bytes | None
    created_at: int
    looks: int = 0


@dataclass
class UpstreamServer(LoopbackServer):
    """`honours_keys` and `lists` are what kind of upstream it is. Faults and replies are used up in order.

    `paid` are the creates that it took money for: unlike its jobs, they survive a restart.
    """

    film: bytes
    honours_keys: bool = False
    lists: bool = False
    api_key: str | None = None
    faults: list[Fault] = field(default_factory=list)
    look_replies: list[Reply] = field(default_factory=list)
    content_replies: list[Reply] = field(default_factory=list)
    failure: tuple[str, str] | None = None
    looks_needed: int = 2
    clock: int = 4_000_000_000
    """When its jobs were created: later than anything that a test intends."""

    paid: list[Job] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    creates: int = 0
    content_requests: list[Mapping[str, str]] = field(default_factory=list)
    created: threading.Event = field(default_factory=threading.Event)
    looked_at: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)
    stops_late: bool = False
    """A deletion is answered when `hurry` is set."""

    asked_to_stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        super().__init__(_handler(self))

    def __exit__(self, *_: object) -> None:
        self.hurry.set()
        super().__exit__()

    def restart(self) -> None:
        """Its jobs lived in its memory."""
        with self._lock:
            self.jobs.clear()

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Reply | None:
        """None closes the connection."""
        if self.api_key and headers.get("authorization") != f"Bearer {self.api_key}":
            return error_reply(401, "invalid_api_key", "No or a wrong key.")
        address = urlsplit(target)
        match method, [unquote(part) for part in address.path.strip("/").split("/")]:
            case "POST", ["v1", "videos"]:
                return self._create(headers, body)
            case "GET", ["v1", "videos"]:
                return self._list(parse_qs(address.query))
            case _, ["v1", "videos", job_id, *rest]:
                return self._about(method, job_id, rest, headers)
        return json_reply({"object": "list", "data": []})

    def _about(
        self, method: str, job_id: str, rest: list[str], headers: Mapping[str, str]
    ) -> Reply:
        if method == "DELETE":
            return self._delete(job_id)
        return self._content(job_id, headers) if rest == ["content"] else self._look(job_id)

    def _create(self, headers: Mapping[str, str], body: bytes) -> Reply | None:
        with self._lock:
            self.creates += 1
            fault = self.faults.pop(0) if self.faults else None
            if fault is None or fault in _ACCEPTS:
                job = self._accept(headers, body)
        self.created.set()
        if fault is Fault.LATE:
            self.hurry.wait(10)
        if fault is None or fault is Fault.LATE:
            return json_reply(self._view(job))
        return _words(fault, headers)

    def _accept(self, headers: Mapping[str, str], body: bytes) -> Job:
        key = headers.get("idempotency-key")
        if self.honours_keys:
            known = [job for job in self.paid if job.key == key]
            if known:
                return known[0]
        fields, picture = _form(headers["content-type"], body)
        number = len(self.paid)
        job = Job(f"video_up{number}", key, fields, picture, self.clock)
        self.paid.append(job)
        self.jobs[job.id] = job
        return job

    def _list(self, query: Mapping[str, list[str]]) -> Reply:
        newest_first = [self._view(job) for job in reversed(self.paid)] if self.lists else []
        ids = [job["id"] for job in newest_first]
        begin = ids.index(query["after"][0]) + 1 if "after" in query else 0
        end = begin + int(query["limit"][0])
        return json_reply({"object": "list", "data": newest_first[begin:end]})

    def _look(self, job_id: str) -> Reply:
        if self.look_replies:
            return self.look_replies.pop(0)
        job = self.jobs.get(job_id)
        if job is None:
            return error_reply(404, "video_not_found", "No such video.")
        job.looks += 1
        self.looked_at.set()
        return json_reply(self._view(job), openai_poll_after_ms="5")

    def _content(self, job_id: str, headers: Mapping[str, str]) -> Reply:
        self.content_requests.append(headers)
        if self.content_replies:
            return self.content_replies.pop(0)
        if job_id not in self.jobs:
            return error_reply(404, "video_not_found", "No such video.")
        return Reply(200, self.film, {"content-type": "video/mp4"})

    def _delete(self, job_id: str) -> Reply:
        self.asked_to_stop.set()
        if self.stops_late:
            self.hurry.wait(10)
        if self.jobs.pop(job_id, None) is None:
            return error_reply(404, "video_not_found", "No such video.")
        self.stopped.append(job_id)
        return json_reply({"id": job_id, "object": "video.deleted", "deleted": True})

    def _view(self, job: Job) -> dict[str, object]:
        is_done = job.looks >= self.looks_needed
        status = ("failed" if self.failure else "completed") if is_done else "in_progress"
        error = None
        if is_done and self.failure:
            error = dict(zip(("code", "message"), self.failure, strict=True))
        return {
            "id": job.id,
            "object": "video",
            "status": status,
            "progress": 100 if is_done else 50,
            "created_at": job.created_at,
            "error": error,
            **{name: job.fields[name] for name in ("prompt", "model", "size", "seconds")},
        }


def _words(fault: Fault, headers: Mapping[str, str]) -> Reply | None:
    broken = error_reply(500, "internal_error", "Something broke.")
    wrong_key = f"Wrong: {headers.get('authorization')}"
    return {
        Fault.ERROR_AFTER: broken,
        Fault.ERROR_BEFORE: broken,
        Fault.GARBAGE: Reply(200, b"<html>accepted</html>"),
        Fault.TOO_MANY: error_reply(429, "rate_limit_exceeded", "Slower.", retry_after_ms="20"),
        Fault.BAD: error_reply(400, "invalid_value", "seconds must be 5."),
        Fault.MODERATED: error_reply(400, "moderation_blocked", "Not this prompt."),
        Fault.FORBIDDEN: error_reply(401, "invalid_api_key", wrong_key),
    }.get(fault)


def _form(content_type: str, body: bytes) -> tuple[dict[str, str], bytes | None]:
    whole = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields, picture = {}, None
    for part in whole.get_payload():
        assert not isinstance(part, str)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        if part.get_filename():
            picture = content
        else:
            fields[name] = content.decode()
    return fields, picture


def _handler(server: UpstreamServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer takes 40 ms

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: a test's output is its own."""

        def _answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            reply = server.answer(self.command, self.path, headers, body)
            if reply is None:
                self.close_connection = True
                return
            try:
                self._send(reply)
            except ConnectionError:
                self.close_connection = True  # whoever asked did not wait

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.cut_after])
            self.close_connection = self.close_connection or reply.cut_after is not None

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the base's names

    return Handler
