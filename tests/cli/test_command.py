"""The installed command as a process: signals, streams, terminals, exit codes and the cost of a start."""

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.scripted_server import (
    Received,
    Reply,
    ScriptedServer,
    json_reply,
    served_bytes,
    walk,
    wire_video,
)

COMMAND = Path(sys.executable).with_name("filmgate")
VIDEOS, VIDEO = "/v1/videos", "/v1/videos/video_01kabc"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words], capture_output=True, text=True, timeout=60, check=False
    )


def read_all(terminal: int) -> str:
    """Everything that was written to a pseudo-terminal whose other side is closed by now."""
    chunks = []
    try:
        while chunk := os.read(terminal, 65536):
            chunks.append(chunk)
    except OSError:  # how Linux says that the last writer has gone
        pass
    finally:
        os.close(terminal)
    return b"".join(chunks).decode()


@pytest.fixture
def films(server: ScriptedServer, folder: Path) -> ScriptedServer:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    server.on("GET", VIDEO, *walk(wire_video("in_progress", 50), wire_video("completed")))
    server.on("GET", f"{VIDEO}/content", served_bytes(b"mp4"))
    return server


def test_a_whole_make_keeps_results_and_remarks_apart(films: ScriptedServer) -> None:
    ended = run("make", "a lake", "-o", "lake.mp4")
    assert (ended.returncode, ended.stdout) == (0, "lake.mp4\n")
    assert "\x1b" not in ended.stderr


def test_a_terminal_gets_a_progress_bar_that_leaves_the_result_alone(
    films: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal, stderr = pty.openpty()
    ended = subprocess.run(
        [COMMAND, "make", "a lake"], stdout=subprocess.PIPE, stderr=stderr, timeout=60, check=False
    )
    os.close(stderr)
    assert ended.stdout == b"video_01kabc.mp4\n"
    assert "━" in read_all(terminal)


def test_a_terminal_gets_a_table_in_which_only_the_prompt_is_cut(
    films: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    video_id = "video_01kabcdefghjkmnpqrstuvwxyz"
    data = [wire_video("in_progress", 42, id=video_id, prompt="[b]lake and many more words")]
    films.on("GET", VIDEOS, json_reply({"data": data, "has_more": False}))
    terminal, stdout = pty.openpty()
    subprocess.run([COMMAND, "ls"], stdout=stdout, timeout=60, check=True)
    os.close(stdout)
    heading, row = read_all(terminal).splitlines()
    assert "PROMPT" in heading
    assert f"{video_id}  in_progress 42 %" in row
    assert row.rstrip().endswith("…")
    assert "  [b]" in row


def test_bytes_are_not_poured_into_a_terminal(films: ScriptedServer) -> None:
    terminal, stdout = pty.openpty()
    ended = subprocess.run(
        [COMMAND, "make", "a lake", "-o", "-"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(stdout)
    assert read_all(terminal) == ""
    assert ended.returncode == 2
    assert "A terminal cannot show a video" in ended.stderr
    assert films.received == []


def test_ctrl_c_leaves_the_video_running_and_says_how_to_come_back(
    server: ScriptedServer, folder: Path
) -> None:
    server.on("POST", VIDEOS, json_reply(wire_video()))
    server.on("GET", VIDEO, json_reply(wire_video("in_progress", 20)))
    with subprocess.Popen(
        [COMMAND, "make", "a lake", "-o", "lake.mp4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "in_progress" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    assert "filmgate get video_01kabc -o lake.mp4" in stderr
    assert "Traceback" not in stderr
    assert {request.method for request in server.received} == {"POST", "GET"}
    assert list(folder.iterdir()) == []


def test_ctrl_c_before_the_server_answered_says_where_to_look(
    server: ScriptedServer, folder: Path
) -> None:
    has_asked = threading.Event()

    def note_and_hang(_: Received) -> Reply:
        has_asked.set()
        return Reply(hang=True)

    server.on("POST", VIDEOS, note_and_hang)
    with subprocess.Popen(
        [COMMAND, "make", "a lake"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert has_asked.wait(30)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr == "Interrupted before the server answered. If it did accept: filmgate ls\n"


def test_an_address_where_nobody_listens_ends_with_3_and_says_what_to_start(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = run("ls", "--url", f"http://127.0.0.1:{port}")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "Is the server running? Start one with: filmgate serve" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_an_unknown_option_ends_with_2(home: Path) -> None:
    ended = run("make", "a lake", "--colour")
    assert (ended.returncode, ended.stdout) == (2, "")


def test_the_version_is_printed(home: Path) -> None:
    assert run("--version").stdout.startswith("filmgate 0.")


def test_help_imports_nothing_that_only_a_command_needs() -> None:
    heavy = {"numba", "cv2", "starlette", "av", "asyncpg", "httpx2", "rich"}
    program = f"import sys, filmgate.cli.main; print(*({heavy} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.split() == []


def test_the_command_also_runs_as_a_module() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "filmgate", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("filmgate ")


@pytest.mark.parametrize("words", [("get", ""), ("cancel", "."), ("rm", "a/b"), ("get", "\udcff")])
def test_what_is_no_id_is_a_slip_of_the_user(words: tuple[str, ...]) -> None:
    ended = run(*words)
    assert ended.returncode == 2
    assert "is not the id of a video" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_reader_that_has_had_enough_is_no_failed_video(films: ScriptedServer) -> None:
    data = [wire_video("completed", 100, prompt="x" * 5000) for _ in range(100)]
    films.on("GET", VIDEOS, json_reply({"data": data, "has_more": False}))
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([COMMAND, "ls"], stdout=writing, timeout=60, check=False)
    os.close(writing)
    assert ended.returncode == 141
