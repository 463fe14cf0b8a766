"""The client library against scripted answers: what it sends, when it repeats, what it raises."""

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from filmgate import client as client_module
from filmgate.client import (
    APIError,
    AsyncClient,
    AuthenticationError,
    Client,
    ConflictError,
    ConnectionFailed,
    Failure,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    QueuePlace,
    RateLimitError,
    ServerError,
    UnexpectedAnswer,
    VideoFailed,
    WaitTimeout,
    canonical_url,
)
from tests.scripted_server import (
    Received,
    Reply,
    ScriptedServer,
    error_reply,
    json_reply,
    script_videos,
    served_bytes,
    walk,
    wire_video,
)

VIDEOS = "/v1/videos"
VIDEO = "/v1/videos/video_01kabc"
CONTENT = f"{VIDEO}/content"
MP4 = bytes(range(256)) * 400


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Client]:
    with Client(server.url, "sk-fg-secret") as client:
        yield client


def soon(status: int, code: str = "rate_limit_exceeded") -> Reply:
    return error_reply(status, code, "Not now.", retry_after_ms="1")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_public_names_are_these_and_no_others() -> None:
    assert sorted(client_module.__all__) == [
        "APIError",
        "AsyncClient",
        "AsyncWebhooks",
        "AuthenticationError",
        "Client",
        "ClientError",
        "ConflictError",
        "ConnectionFailed",
        "DEFAULT_URL",
        "Delivery",
        "DeliveryAttempt",
        "DeliveryPage",
        "Failure",
        "InvalidRequestError",
        "Model",
        "NotFoundError",
        "Page",
        "PermissionDeniedError",
        "QueuePlace",
        "RateLimitError",
        "ServerError",
        "UnexpectedAnswer",
        "Video",
        "VideoFailed",
        "WaitTimeout",
        "WebhookEndpoint",
        "Webhooks",
        "canonical_url",
    ]


def test_both_clients_have_the_same_methods() -> None:
    def public(kind: type) -> set[str]:
        return {name.removeprefix("a") for name in vars(kind) if not name.startswith("_")}

    assert public(AsyncClient) == public(Client)
    assert public(client_module.AsyncWebhooks) == public(client_module.Webhooks)


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_address_may_end_in_a_slash_or_in_v1(server: ScriptedServer, ending: str) -> None:
    server.on("GET", VIDEO, json_reply(wire_video()))
    with Client(server.url + ending) as client:
        assert client.retrieve("video_01kabc").status == "queued"


def test_a_base_prefix_of_the_address_is_kept(server: ScriptedServer) -> None:
    server.on("GET", f"/kyyAiPower{VIDEO}", json_reply(wire_video()))
    with Client(f"{server.url}/kyyAiPower/v1") as client:
        assert client.retrieve("video_01kabc").status == "queued"


@pytest.mark.parametrize("url", ["127.0.0.1:8024", "ftp://host", "http://", "", "http://h:port"])
def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        canonical_url(url)


def test_an_api_key_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="characters that no API key has"):
        Client(api_key="sk-fg-a\n")


def test_a_proxy_of_the_environment_is_not_asked_for_loopback_addresses(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.on("GET", VIDEO, json_reply(wire_video()))
    with Client(server.url, max_retries=0) as client:
        assert client.retrieve("video_01kabc").status == "queued"


def test_create_sends_json_with_the_key_and_only_what_was_given(
    server: ScriptedServer, client: Client
) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    client.create("a lake", size="1280x720", seconds=8, seed=0)
    (request,) = server.received
    assert json.loads(request.body) == {
        "prompt": "a lake",
        "size": "1280x720",
        "seconds": "8",
        "seed": 0,
    }
    assert request.headers["authorization"] == "Bearer sk-fg-secret"


def test_create_uploads_an_image_file_in_a_form(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    image = tmp_path / "first.png"
    image.write_bytes(b"\x89PNG bytes")
    server.on("POST", VIDEOS, json_reply(wire_video()))
    client.create("a lake", seconds=8, image=image)
    (request,) = server.received
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="input_reference"; filename="first.png"' in request.body
    assert b"\x89PNG bytes" in request.body
    assert b'name="seconds"\r\n\r\n8\r\n' in request.body


def test_create_sends_an_image_address_as_such(server: ScriptedServer, client: Client) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    client.create("a lake", image="https://example.com/a.png")
    sent = json.loads(server.received[0].body)
    assert sent["input_reference"] == {"image_url": "https://example.com/a.png"}


def test_create_refuses_an_image_text_that_is_no_address(client: Client) -> None:
    with pytest.raises(ValueError, match="pass a file as a Path"):
        client.create("a lake", image="first.png")


def test_the_video_is_parsed_and_can_be_written_again(
    server: ScriptedServer, client: Client
) -> None:
    wire = wire_video("failed", error={"code": "engine_failed", "message": "It broke."})
    server.on("GET", VIDEO, json_reply(wire | {"unheard_of": {"position": 1}}))
    video = client.retrieve("video_01kabc")
    assert video.seconds == 8
    assert video.created_at.timestamp() == 1_790_000_000
    assert video.error == Failure("engine_failed", "It broke.")
    assert video.as_wire() == wire


def test_a_waiting_video_says_where_it_stands(client: Client, server: ScriptedServer) -> None:
    wire = wire_video(queue={"position": 3, "starts_in_seconds": 40})
    server.on("GET", VIDEO, json_reply(wire))
    video = client.retrieve("video_01kabc")
    assert video.queue == QueuePlace(position=3, starts_in_seconds=40)
    assert video.as_wire() == wire


@pytest.mark.parametrize(
    ("status", "is_terminal"),
    [("queued", False), ("in_progress", False), ("completed", True), ("unheard_of", True)],
)
def test_a_video_is_terminal_unless_it_waits_or_runs(
    server: ScriptedServer, client: Client, *, status: str, is_terminal: bool
) -> None:
    server.on("GET", VIDEO, json_reply(wire_video(status)))
    assert client.retrieve("video_01kabc").is_terminal is is_terminal


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 409])
def test_a_passing_refusal_is_repeated_with_the_same_idempotency_key(
    server: ScriptedServer, client: Client, status: int
) -> None:
    server.on("POST", VIDEOS, soon(status), json_reply(wire_video()))
    assert client.create("a lake").id == "video_01kabc"
    first, second = server.received
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_two_creates_have_different_idempotency_keys(
    server: ScriptedServer, client: Client
) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    client.create("a lake")
    client.create("a lake")
    first, second = server.received
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_an_idempotency_key_of_the_callers_own_is_sent(
    server: ScriptedServer, client: Client
) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    client.create("a lake", idempotency_key="order-7")
    assert server.received[0].headers["idempotency-key"] == "order-7"


def test_the_moment_that_the_server_names_is_kept(server: ScriptedServer, client: Client) -> None:
    again = error_reply(429, "rate_limit_exceeded", "Slow down.", retry_after="1")
    server.on("GET", VIDEO, again, json_reply(wire_video()))
    begin = time.monotonic()
    client.retrieve("video_01kabc")
    assert 1.0 <= time.monotonic() - begin < 1.6


@pytest.mark.parametrize("pause", ["0", "121", "soon"])
def test_a_pause_that_is_unreasonable_gives_way_to_the_clients_own(
    server: ScriptedServer, client: Client, pause: str
) -> None:
    again = error_reply(503, "service_unavailable", "Away.", retry_after=pause)
    server.on("GET", VIDEO, again, json_reply(wire_video()))
    begin = time.monotonic()
    client.retrieve("video_01kabc")
    assert 0.25 <= time.monotonic() - begin < 1.0


def test_x_should_retry_false_stops_the_repeating(server: ScriptedServer, client: Client) -> None:
    spent = error_reply(
        429, "insufficient_quota", "Used up.", retry_after_ms="1", x_should_retry="false"
    )
    server.on("POST", VIDEOS, spent)
    with pytest.raises(RateLimitError) as caught:
        client.create("a lake")
    assert caught.value.code == "insufficient_quota"
    assert len(server.received) == 1


def test_repeating_ends_after_max_retries(server: ScriptedServer) -> None:
    server.on("GET", VIDEO, soon(503, "service_unavailable"))
    with Client(server.url, max_retries=2) as client, pytest.raises(ServerError):
        client.retrieve("video_01kabc")
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, APIError),
        (409, ConflictError),
        (410, NotFoundError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
    ],
)
def test_a_refusal_is_raised_at_once_with_what_the_server_said(
    server: ScriptedServer, client: Client, status: int, kind: type[APIError]
) -> None:
    error = {"message": "Not so.", "type": "t", "param": "size", "code": "c"}
    server.on("POST", VIDEOS, json_reply({"error": error}, status, x_request_id="req_1"))
    with pytest.raises(kind, match=r"^Not so\.$") as caught:
        client.create("a lake")
    facts = caught.value
    assert (facts.status, facts.code, facts.param, facts.request_id) == (
        status,
        "c",
        "size",
        "req_1",
    )
    assert len(server.received) == 1


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[]", b'{"error": "x"}'])
def test_an_error_without_an_envelope_still_tells_its_status(
    server: ScriptedServer, body: bytes
) -> None:
    server.on("GET", VIDEO, Reply(502, body))
    with Client(server.url, max_retries=0) as client, pytest.raises(ServerError, match="502"):
        client.retrieve("video_01kabc")


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"", b"[]", b"null", b'{"id": "x"}'])
def test_a_good_status_with_another_body_is_no_answer_of_ours(
    server: ScriptedServer, client: Client, body: bytes
) -> None:
    server.on("GET", VIDEO, Reply(200, body))
    with pytest.raises(UnexpectedAnswer, match="not a filmgate server's answer"):
        client.retrieve("video_01kabc")


def test_a_redirected_create_is_not_turned_into_another_request(
    server: ScriptedServer, client: Client
) -> None:
    server.on("POST", VIDEOS, Reply(301, headers={"location": "/elsewhere"}))
    with pytest.raises(APIError, match="301"):
        client.create("a lake")
    assert len(server.received) == 1


def test_an_address_where_nobody_listens_is_tried_again_and_then_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}", max_retries=1) as client,
        pytest.raises(ConnectionFailed, match=rf"^Cannot reach http://127.0.0.1:{port}: \w"),
    ):
        client.retrieve("video_01kabc")


def test_a_broken_connection_is_tried_again(server: ScriptedServer, client: Client) -> None:
    whole = json_reply(wire_video())
    broken = Reply(200, whole.body, whole.headers, cut_after=5)
    server.on("POST", VIDEOS, broken, whole)
    assert client.create("a lake").id == "video_01kabc"
    assert len({r.headers["idempotency-key"] for r in server.received}) == 1


def test_a_server_that_does_not_answer_in_time_is_tried_again(server: ScriptedServer) -> None:
    server.on("GET", VIDEO, Reply(hang=True), json_reply(wire_video()))
    with Client(server.url, timeout=0.2) as client:
        assert client.retrieve("video_01kabc").status == "queued"


def test_wait_reports_each_view_until_the_video_is_completed(
    server: ScriptedServer, client: Client
) -> None:
    views = walk(
        wire_video(),
        wire_video("in_progress", 40),
        wire_video("in_progress", 80),
        wire_video("completed"),
    )
    server.on("GET", VIDEO, *views)
    seen: list[tuple[str, int]] = []
    video = client.wait("video_01kabc", on_progress=lambda v: seen.append((v.status, v.progress)))
    assert video.status == "completed"
    assert seen == [("queued", 0), ("in_progress", 40), ("in_progress", 80), ("completed", 100)]


def test_wait_does_not_hurry_a_server_that_asks_for_a_slow_pace(
    server: ScriptedServer, client: Client
) -> None:
    queued = json_reply(wire_video(), openai_poll_after_ms="30000")
    server.on("GET", VIDEO, queued)
    with pytest.raises(WaitTimeout):
        client.wait("video_01kabc", timeout=1.0)
    assert len(server.received) <= 4


def test_wait_raises_with_the_video_when_it_fails(server: ScriptedServer, client: Client) -> None:
    failure = {"code": "moderation_blocked", "message": "Not that."}
    server.on("GET", VIDEO, *walk(wire_video(), wire_video("failed", error=failure)))
    with pytest.raises(VideoFailed, match=r"Not that\. \(moderation_blocked\)") as caught:
        client.wait("video_01kabc")
    assert caught.value.video.status == "failed"


def test_wait_ends_in_time_and_shows_how_the_video_was_last_seen(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET", VIDEO, json_reply(wire_video("in_progress", 30)))
    begin = time.monotonic()
    with pytest.raises(WaitTimeout) as caught:
        client.wait("video_01kabc", timeout=0.3)
    assert time.monotonic() - begin < 1.0
    assert caught.value.video.progress == 30


def test_wait_outlives_a_server_that_is_away_for_longer_than_other_calls_would(
    server: ScriptedServer,
) -> None:
    away = [soon(503, "service_unavailable")] * 6
    server.on("GET", VIDEO, *away, json_reply(wire_video("completed")))
    with Client(server.url, max_retries=0) as client:
        assert client.wait("video_01kabc").status == "completed"


def test_download_saves_the_bytes_and_nothing_beside_them(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    server.on("GET", CONTENT, served_bytes(MP4))
    path = tmp_path / "out.mp4"
    path.write_bytes(b"an older video")
    assert client.download("video_01kabc", path) == path
    assert path.read_bytes() == MP4
    assert names_in(tmp_path) == ["out.mp4"]


def test_download_asks_for_the_variant(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    server.on("GET", CONTENT, Reply(200, b"webp"))
    client.download("video_01kabc", tmp_path / "t.webp", variant="thumbnail")
    assert server.received[0].query == {"variant": ["thumbnail"]}


def test_download_follows_a_redirect_without_showing_the_key_to_another_host(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    with ScriptedServer() as bucket:
        bucket.on("GET", "/object", Reply(200, MP4))
        server.on("GET", CONTENT, Reply(302, headers={"location": f"{bucket.url}/object"}))
        path = client.download("video_01kabc", tmp_path / "out.mp4")
    assert path.read_bytes() == MP4
    assert "authorization" not in bucket.received[0].headers


def test_download_goes_on_where_the_connection_broke(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    server.on("GET", CONTENT, served_bytes(MP4, cut_first_after=70_000))
    path = client.download("video_01kabc", tmp_path / "out.mp4")
    assert path.read_bytes() == MP4
    assert server.received[1].headers["range"] == "bytes=70000-"


def test_download_begins_anew_where_the_server_cannot_tell_whether_the_bytes_changed(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    server.on("GET", CONTENT, Reply(200, b"x" * 900, cut_after=500), Reply(200, MP4))
    path = client.download("video_01kabc", tmp_path / "out.mp4")
    assert path.read_bytes() == MP4
    assert "range" not in server.received[1].headers


def test_download_refuses_another_part_than_it_asked_for(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    wrong = Reply(206, b"rest", {"content-range": "bytes 7-10/11"})
    server.on("GET", CONTENT, wrong)
    with pytest.raises(UnexpectedAnswer, match="another part"):
        client.download("video_01kabc", tmp_path / "out.mp4")
    assert names_in(tmp_path) == []


def test_a_refused_download_leaves_the_older_file_alone(
    server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    server.on("GET", CONTENT, error_reply(410, "video_expired", "Its day is over."))
    path = tmp_path / "out.mp4"
    path.write_bytes(b"an older video")
    with pytest.raises(NotFoundError, match="day is over"):
        client.download("video_01kabc", path)
    assert path.read_bytes() == b"an older video"
    assert names_in(tmp_path) == ["out.mp4"]


def test_list_returns_one_page_and_where_the_next_begins(
    server: ScriptedServer, client: Client
) -> None:
    script_videos(server, "edcba")
    page = client.list(limit=2, order="desc")
    assert [video.id for video in page.videos] == ["e", "d"]
    assert (page.has_more, page.next_after) == (True, "d")
    assert server.received[0].query == {"limit": ["2"], "order": ["desc"]}


def test_iterate_walks_all_pages(server: ScriptedServer, client: Client) -> None:
    script_videos(server, "edcba")
    assert "".join(video.id for video in client.iterate(page_size=2)) == "edcba"
    assert len(server.received) == 3


def test_iterate_fetches_no_page_before_it_is_needed(
    server: ScriptedServer, client: Client
) -> None:
    script_videos(server, "edcba")
    videos = client.iterate()
    next(videos)
    assert len(server.received) == 1


def test_cancel_returns_the_video_as_it_is_then(server: ScriptedServer, client: Client) -> None:
    cancelled = {"code": "cancelled", "message": "It was cancelled."}
    server.on("POST", f"{VIDEO}/cancel", json_reply(wire_video("failed", error=cancelled)))
    assert client.cancel("video_01kabc").error == Failure("cancelled", "It was cancelled.")


def test_delete_sends_no_body(server: ScriptedServer, client: Client) -> None:
    server.on("DELETE", VIDEO, json_reply({"id": "video_01kabc", "deleted": True}))
    client.delete("video_01kabc")
    assert server.received[0].body == b""


@pytest.mark.parametrize("video_id", ["", ".", "a/b?", "x" * 129, "\udcff"])
def test_what_cannot_be_an_id_is_never_asked_for(video_id: str, client: Client) -> None:
    with pytest.raises(ValueError, match="is not the id of a video"):
        client.retrieve(video_id)


def test_a_relays_name_of_a_video_is_asked_for_by_its_other_one(
    server: ScriptedServer, client: Client
) -> None:
    server.on("GET", "/v1/videos/video_01kabc", json_reply(wire_video()))
    assert client.retrieve("sora_01kabc").id == "video_01kabc"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_link_or_a_pipe_stays_what_it_is(
    kind: str, server: ScriptedServer, client: Client, tmp_path: Path
) -> None:
    server.on("GET", "/v1/videos/video_01kabc/content", Reply(200, b"a film"))
    target = tmp_path / "out.mp4"
    if kind == "link":
        target.symlink_to(tmp_path / "real.mp4")
        client.download("video_01kabc", target)
        assert target.is_symlink()
        assert (tmp_path / "real.mp4").read_bytes() == b"a film"
        return
    os.mkfifo(target)
    reader = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
    client.download("video_01kabc", target)
    assert os.read(reader, 100) == b"a film"
    os.close(reader)
    assert target.is_fifo()


def test_models_lists_what_each_can_do(server: ScriptedServer, client: Client) -> None:
    wire = {
        "id": "sora-2",
        "object": "model",
        "sizes": ["720x1280"],
        "seconds": [4, 8],
        "images": 3,
    }
    server.on("GET", "/v1/models", json_reply({"object": "list", "data": [wire]}))
    (model,) = client.models()
    assert (model.name, model.sizes, model.seconds, model.images) == (
        "sora-2",
        ("720x1280",),
        (4, 8),
        3,
    )


async def test_async_walks_a_video_from_create_to_file(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("POST", VIDEOS, soon(429), json_reply(wire_video()))
    server.on("GET", VIDEO, *walk(wire_video("in_progress", 50), wire_video("completed")))
    server.on("GET", CONTENT, served_bytes(MP4, cut_first_after=10))
    async with AsyncClient(server.url, "sk-fg-secret") as client:
        created = await client.create("a lake")
        video = await client.wait(created.id, timeout=30)
        path = await client.download(video.id, tmp_path / "out.mp4")
    assert path.read_bytes() == MP4


async def test_async_lists_cancels_and_deletes(server: ScriptedServer) -> None:
    script_videos(server, "edcba")
    server.on("POST", f"{VIDEO}/cancel", json_reply(wire_video("failed")))
    server.on("DELETE", VIDEO, json_reply({"deleted": True}))
    server.on("GET", "/v1/models", json_reply({"data": []}))
    async with AsyncClient(server.url) as client:
        assert [video.id async for video in client.iterate(page_size=2)] == list("edcba")
        assert (await client.cancel("video_01kabc")).status == "failed"
        await client.delete("video_01kabc")
        assert await client.models() == ()


async def test_async_raises_what_the_blocking_client_raises(server: ScriptedServer) -> None:
    server.on("GET", VIDEO, error_reply(401, "invalid_api_key", "Unknown key."))
    async with AsyncClient(server.url) as client:
        with pytest.raises(AuthenticationError, match="Unknown key"):
            await client.retrieve("video_01kabc")


async def test_async_cancellation_of_a_download_leaves_nothing_behind(
    server: ScriptedServer, tmp_path: Path
) -> None:
    has_begun = threading.Event()

    def begin_and_hang(_: Received) -> Reply:
        has_begun.set()
        return Reply(hang=True)

    server.on("GET", CONTENT, begin_and_hang)
    async with AsyncClient(server.url) as client, asyncio.TaskGroup() as group:
        task = group.create_task(client.download("video_01kabc", tmp_path / "out.mp4"))
        assert await asyncio.to_thread(has_begun.wait, 10)
        task.cancel()
    assert names_in(tmp_path) == []
