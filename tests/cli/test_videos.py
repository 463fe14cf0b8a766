"""make, ls, get, cancel and rm: what they ask of the server, what they print, and how they end."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from filmgate.cli.credentials import default_path, remember
from filmgate.cli.main import app
from tests.scripted_server import (
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
MP4 = bytes(range(256)) * 40
FAILURE = {"code": "engine_failed", "message": "The engine broke."}


def filmgate(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.fixture
def films(server: ScriptedServer, folder: Path) -> ScriptedServer:
    """A server that makes the video which it is asked for."""
    server.on("POST", VIDEOS, json_reply(wire_video()))
    progress = walk(wire_video(), wire_video("in_progress", 50), wire_video("completed"))
    server.on("GET", VIDEO, *progress)
    server.on("GET", CONTENT, served_bytes(MP4))
    return server


def test_make_saves_the_video_and_prints_where(films: ScriptedServer, folder: Path) -> None:
    ended = filmgate("make", "a lake", "-o", "lake.mp4")
    assert (ended.exit_code, ended.stdout) == (0, "lake.mp4\n")
    assert (folder / "lake.mp4").read_bytes() == MP4


def test_make_tells_on_stderr_how_the_video_comes_along(films: ScriptedServer) -> None:
    ended = filmgate("make", "a lake", "-o", "lake.mp4")
    assert ended.stderr.splitlines() == [
        f"video_01kabc accepted by {films.url}",
        "video_01kabc queued",
        "video_01kabc in_progress",
        "video_01kabc completed: 1280x720, 8 s",
    ]


def test_make_sends_what_it_was_given_and_nothing_else(films: ScriptedServer) -> None:
    filmgate(
        "make", "a lake", "--model", "sora-2-pro", "--size=1280x720", "--seconds=8", "--seed=7"
    )
    (request,) = films.requests("POST", VIDEOS)
    assert json.loads(request.body) == {
        "prompt": "a lake",
        "model": "sora-2-pro",
        "size": "1280x720",
        "seconds": "8",
        "seed": 7,
    }
    assert request.headers["authorization"] == "Bearer sk-fg-secret"


def test_make_uploads_an_image_file(films: ScriptedServer, folder: Path) -> None:
    (folder / "first.png").write_bytes(b"\x89PNG bytes")
    assert filmgate("make", "a lake", "--image", "first.png").exit_code == 0
    assert b"\x89PNG bytes" in films.requests("POST", VIDEOS)[0].body


def test_make_passes_an_image_address_on(films: ScriptedServer) -> None:
    filmgate("make", "a lake", "--image", "https://example.com/a.png")
    sent = json.loads(films.requests("POST", VIDEOS)[0].body)
    assert sent["input_reference"] == {"image_url": "https://example.com/a.png"}


def test_make_names_the_file_after_the_video(films: ScriptedServer, folder: Path) -> None:
    assert filmgate("make", "a lake").stdout == "video_01kabc.mp4\n"
    assert (folder / "video_01kabc.mp4").read_bytes() == MP4


def test_make_saves_into_a_folder(films: ScriptedServer, folder: Path) -> None:
    (folder / "films").mkdir()
    assert filmgate("make", "a lake", "-o", "films").stdout == "films/video_01kabc.mp4\n"


def test_make_replaces_the_file_that_it_is_given(films: ScriptedServer, folder: Path) -> None:
    (folder / "lake.mp4").write_bytes(b"an older video")
    assert filmgate("make", "a lake", "-o", "lake.mp4").exit_code == 0
    assert (folder / "lake.mp4").read_bytes() == MP4


def test_make_writes_nothing_but_bytes_to_stdout(films: ScriptedServer, folder: Path) -> None:
    ended = filmgate("make", "a lake", "-o", "-")
    assert (ended.exit_code, ended.stdout_bytes) == (0, MP4)
    assert list(folder.iterdir()) == []


def test_make_prints_one_json_document(films: ScriptedServer) -> None:
    ended = filmgate("make", "a lake", "-o", "lake.mp4", "--json")
    assert json.loads(ended.stdout) == wire_video("completed") | {"path": "lake.mp4"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-o", "nowhere/lake.mp4"], "no folder nowhere"),
        (["-o", "-", "--json"], "both want stdout"),
        (["--image", "missing.png"], "neither a file nor"),
        (["--seconds", "long"], "--seconds"),
        (["--url", "127.0.0.1:8024"], "is not an address"),
    ],
)
def test_make_asks_for_no_video_when_it_was_mistyped(
    films: ScriptedServer, words: list[str], reason: str
) -> None:
    ended = filmgate("make", "a lake", *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert reason in ended.stderr
    assert films.received == []


def test_make_ends_with_1_when_the_video_fails(server: ScriptedServer, folder: Path) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    server.on("GET", VIDEO, json_reply(wire_video("failed", error=FAILURE)))
    ended = filmgate("make", "a lake", "-o", "lake.mp4")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "failed: The engine broke. (engine_failed)" in ended.stderr
    assert list(folder.iterdir()) == []


def test_make_prints_the_failed_video_as_json_too(server: ScriptedServer, folder: Path) -> None:
    failed = wire_video("failed", error=FAILURE)
    server.on("POST", VIDEOS, json_reply(wire_video()))
    server.on("GET", VIDEO, json_reply(failed))
    ended = filmgate("make", "a lake", "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout) == failed


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (400, "invalid_value", 2),
        (413, "request_too_large", 2),
        (401, "invalid_api_key", 4),
        (403, "permission_denied", 4),
        (429, "insufficient_quota", 3),
        (500, "internal_error", 3),
        (503, "service_unavailable", 3),
    ],
)
def test_a_refusal_is_repeated_to_the_user_and_decides_the_exit_code(
    server: ScriptedServer, folder: Path, status: int, code: str, exit_code: int
) -> None:
    refusal = error_reply(status, code, "The server's own words.", x_should_retry="false")
    server.on("POST", VIDEOS, refusal)
    ended = filmgate("make", "a lake")
    assert (ended.exit_code, ended.stdout) == (exit_code, "")
    assert ended.stderr.startswith("Error: The server's own words.")


def test_a_fault_of_the_server_shows_the_request_id(server: ScriptedServer, folder: Path) -> None:
    fault = error_reply(500, "internal_error", "Oh.", x_should_retry="false", x_request_id="req_9")
    server.on("GET", VIDEOS, fault)
    assert "(request id req_9)" in filmgate("ls").stderr


def test_a_missing_key_says_where_to_put_one(server: ScriptedServer, folder: Path) -> None:
    server.on("GET", VIDEOS, error_reply(401, "invalid_api_key", "Unknown key."))
    assert "FILMGATE_CLIENT_API_KEY" in filmgate("ls").stderr


def test_another_program_at_the_address_is_told_from_a_server(
    server: ScriptedServer, folder: Path
) -> None:
    server.on("GET", VIDEOS, Reply(200, b"<html>It works!</html>"))
    ended = filmgate("ls")
    assert ended.exit_code == 3
    assert "not a filmgate server's answer" in ended.stderr


def test_a_server_that_goes_away_while_waiting_does_not_lose_the_video(
    server: ScriptedServer, folder: Path
) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    server.on("GET", VIDEO, error_reply(503, "service_unavailable", "Away.", retry_after_ms="1"))
    ended = filmgate("make", "a lake", "-o", "my lake.mp4", "--url", server.url)
    assert ended.exit_code == 3
    resume = f"filmgate get video_01kabc -o 'my lake.mp4' --url {server.url}"
    assert ended.stderr.splitlines()[-1].endswith(resume)


def test_a_place_that_cannot_be_written_does_not_lose_the_video(
    films: ScriptedServer, folder: Path
) -> None:
    name = "x" * 300 + ".mp4"
    ended = filmgate("make", "a lake", "-o", name)
    assert ended.exit_code == 2
    assert "filmgate get video_01kabc" in ended.stderr


def test_get_shows_a_video(server: ScriptedServer, folder: Path) -> None:
    server.on("GET", VIDEO, json_reply(wire_video("failed", error=FAILURE)))
    ended = filmgate("get", "video_01kabc")
    shown = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines())
    assert ended.exit_code == 0
    assert shown["status"] == "failed"
    assert shown["error"] == "The engine broke. (engine_failed)"
    assert shown["prompt"] == "a lake at dawn"


@pytest.mark.parametrize(
    ("position", "seconds", "words"),
    [
        (1, 0, "1st in line, starts in about 0 s"),
        (2, 119, "2nd in line, starts in about 119 s"),
        (3, 150, "3rd in line, starts in about 2 min"),
        (11, 7_000, "11th in line, starts in about 117 min"),
        (112, 7_200, "112th in line, starts in about 2 h"),
        (1_021, 90_000, "1021st in line, starts in about 25 h"),
    ],
)
def test_get_says_where_a_waiting_video_stands(
    server: ScriptedServer, folder: Path, position: int, seconds: int, words: str
) -> None:
    place = {"position": position, "starts_in_seconds": seconds}
    server.on("GET", VIDEO, json_reply(wire_video(queue=place)))
    ended = filmgate("get", "video_01kabc")
    assert f"queue      {words}\n" in ended.stdout
    assert json.loads(filmgate("get", "video_01kabc", "--json").stdout)["queue"] == place


def test_make_says_where_the_video_stands(server: ScriptedServer, folder: Path) -> None:
    place = {"position": 3, "starts_in_seconds": 40}
    server.on("POST", VIDEOS, json_reply(wire_video(queue=place)))
    server.on("GET", VIDEO, *walk(wire_video(queue=place), wire_video("completed")))
    server.on("GET", CONTENT, served_bytes(MP4))
    ended = filmgate("make", "a lake", "-o", "lake.mp4")
    assert "video_01kabc queued, 3rd in line, starts in about 40 s" in ended.stderr.splitlines()


def test_get_of_a_completed_video_says_how_to_download_it(
    server: ScriptedServer, folder: Path
) -> None:
    server.on("GET", VIDEO, json_reply(wire_video("completed")))
    assert filmgate("get", "video_01kabc").stderr == (
        "To download it: filmgate get video_01kabc -o FILE\n"
    )


def test_get_with_a_file_does_not_wait_for_a_server_that_is_not_there(
    server: ScriptedServer, folder: Path
) -> None:
    away = error_reply(503, "service_unavailable", "Away.", retry_after_ms="1")
    server.on("GET", VIDEO, away)
    assert filmgate("get", "video_01kabc", "-o", "lake.mp4").exit_code == 3
    assert len(server.received) == 3


def test_get_prints_the_video_as_json(server: ScriptedServer, folder: Path) -> None:
    server.on("GET", VIDEO, json_reply(wire_video("in_progress", 40)))
    assert json.loads(filmgate("get", "video_01kabc", "--json").stdout) == wire_video(
        "in_progress", 40
    )


def test_get_with_a_file_waits_and_saves(films: ScriptedServer, folder: Path) -> None:
    ended = filmgate("get", "video_01kabc", "-o", "lake.mp4")
    assert (ended.exit_code, ended.stdout) == (0, "lake.mp4\n")
    assert (folder / "lake.mp4").read_bytes() == MP4


@pytest.mark.parametrize("words", [[], ["-o", "lake.mp4"]])
def test_get_of_an_unknown_video_ends_with_2(
    server: ScriptedServer, folder: Path, words: list[str]
) -> None:
    server.on("GET", VIDEO, error_reply(404, "video_not_found", "No video with this id."))
    ended = filmgate("get", "video_01kabc", *words)
    assert (ended.exit_code, ended.stderr) == (2, "Error: No video with this id.\n")


def test_ls_prints_tab_separated_lines_where_nobody_watches(
    server: ScriptedServer, folder: Path
) -> None:
    data = [wire_video("completed", prompt="one\ttwo\x1b[31m\nthree")]
    server.on("GET", VIDEOS, json_reply({"data": data, "has_more": False}))
    (line,) = filmgate("ls").stdout.splitlines()
    assert line.split("\t") == [
        "video_01kabc",
        "completed",
        "2026-09-21T14:13:20+00:00",
        "sora-2",
        "1280x720",
        "8",
        "one two [31m three",
    ]


@pytest.mark.parametrize(
    ("words", "ids", "has_more"),
    [
        (["--limit", "3"], "edc", True),
        (["--limit", "5"], "edcba", False),
        ([], "edcba", False),
        (["--all"], "edcba", False),
    ],
)
def test_ls_shows_as_many_as_asked(
    server: ScriptedServer, folder: Path, *, words: list[str], ids: str, has_more: bool
) -> None:
    script_videos(server, "edcba")
    listing = json.loads(filmgate("ls", "--json", *words).stdout)
    assert "".join(video["id"] for video in listing["data"]) == ids
    assert listing["has_more"] is has_more


def test_ls_says_when_there_are_more(server: ScriptedServer, folder: Path) -> None:
    script_videos(server, "edcba")
    assert "filmgate ls --all" in filmgate("ls", "--limit", "2").stderr


def test_ls_all_walks_every_page(server: ScriptedServer, folder: Path) -> None:
    script_videos(server, [f"video_{number}" for number in range(250)])
    assert len(filmgate("ls", "--all").stdout.splitlines()) == 250


def test_ls_without_videos_prints_nothing_and_says_what_to_do(
    server: ScriptedServer, folder: Path
) -> None:
    script_videos(server, "")
    ended = filmgate("ls")
    assert ended.stdout == ""
    assert "filmgate make" in ended.stderr


def test_cancel_says_that_it_did(server: ScriptedServer, folder: Path) -> None:
    server.on("POST", f"{VIDEO}/cancel", json_reply(wire_video("failed")))
    assert filmgate("cancel", "video_01kabc").stdout == "video_01kabc cancelled\n"
    assert json.loads(filmgate("cancel", "video_01kabc", "--json").stdout) == wire_video("failed")


def test_cancel_of_a_finished_video_ends_with_2(server: ScriptedServer, folder: Path) -> None:
    refusal = error_reply(409, "invalid_transition", "It is completed.", x_should_retry="false")
    server.on("POST", f"{VIDEO}/cancel", refusal)
    assert filmgate("cancel", "video_01kabc").exit_code == 2


def test_rm_says_that_it_did(server: ScriptedServer, folder: Path) -> None:
    server.on("DELETE", VIDEO, json_reply({"id": "video_01kabc", "deleted": True}))
    assert filmgate("rm", "video_01kabc").stdout == "video_01kabc deleted\n"
    assert json.loads(filmgate("rm", "video_01kabc", "--json").stdout) == {
        "id": "video_01kabc",
        "object": "video.deleted",
        "deleted": True,
    }


def test_the_client_file_names_the_server_and_its_key(server: ScriptedServer, home: Path) -> None:
    script_videos(server, "a")
    remember(server.url, "sk-fg-remembered", make_default=True)
    assert filmgate("ls").exit_code == 0
    assert server.received[0].headers["authorization"] == "Bearer sk-fg-remembered"


def test_a_remembered_key_is_never_sent_to_another_server(
    server: ScriptedServer, home: Path
) -> None:
    script_videos(server, "a")
    remember("http://127.0.0.1:9", "sk-fg-remembered", make_default=True)
    assert filmgate("ls", "--url", server.url).exit_code == 0
    assert "authorization" not in server.received[0].headers


def test_a_broken_client_file_is_mentioned_and_does_no_harm(
    server: ScriptedServer, home: Path
) -> None:
    script_videos(server, "a")
    default_path().parent.mkdir(parents=True)
    default_path().write_text("default = ")
    ended = filmgate("ls", "--url", server.url)
    assert ended.exit_code == 0
    assert "client.toml was ignored" in ended.stderr
