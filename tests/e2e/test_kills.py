"""kill -9 in mid-render, of each process that takes part: the video completes all the same."""

import time
from pathlib import Path

import httpx2
import psutil
import pytest

from filmgate.media.probe import probe
from tests.e2e.server import Process, Relay, serving

TAKEOVER_SECONDS = 20
RENDER_SECONDS = 100  # a deadline for machines that are busy with other things, not a measure

pytestmark = pytest.mark.timeout(200)


def rendering(relay: Relay) -> str:
    """A video that is being rendered, and will be for some seconds."""
    video_id = relay.create(seconds=8)
    relay.wait_for(video_id, "processing")
    twin = f"/v1/videos/{video_id.replace('sora_', 'video_')}"
    while relay.http.get(twin).json()["progress"] < 5:
        time.sleep(0.05)
    return video_id


def completes(relay: Relay, video_id: str, folder: Path) -> None:
    done = relay.wait_for(video_id, "completed", "failed", within=TAKEOVER_SECONDS + RENDER_SECONDS)
    assert done["status"] == "completed", done
    film = folder / "film.mp4"
    film.write_bytes(httpx2.get(done["video_url"]).content)
    assert probe(film).duration == 8.0
    stored = [path for path in (folder / "data/objects").rglob("*.mp4") if path.is_file()]
    assert len(stored) == 1, "one attempt's file, and no other"


def test_a_killed_render_process_costs_one_attempt(folder: Path) -> None:
    with serving(folder) as (server, relay):
        video_id = rendering(relay)
        for child in server.render_children():
            child.kill()
        completes(relay, video_id, folder)


def test_a_killed_worker_is_replaced(folder: Path) -> None:
    with serving(folder, "--no-worker") as (_, relay), Process(folder, "worker") as worker:
        video_id = rendering(relay)
        worker.kill()
        worker.start()
        completes(relay, video_id, folder)


def test_a_killed_server_goes_on_after_its_restart(folder: Path) -> None:
    with serving(folder) as (server, relay):
        video_id, key = rendering(relay), server.api_key
        server.kill()
        server.start()
        with Relay(server.url, key) as again:
            completes(again, video_id, folder)


def test_a_killed_postgres_is_started_again_and_nothing_is_lost(folder: Path) -> None:
    with serving(folder) as (server, relay):
        video_id = rendering(relay)
        killed = server.postmaster()
        killed.kill()
        deadline = time.monotonic() + TAKEOVER_SECONDS
        # What it has left behind may answer for a moment: only its successor counts.
        while not (is_replaced(killed, server) and is_answered(relay, video_id)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        completes(relay, video_id, folder)


def is_replaced(killed: psutil.Process, server: Process) -> bool:
    try:
        return server.postmaster().pid != killed.pid
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return False  # its pid file is just being written


def is_answered(relay: Relay, video_id: str) -> bool:
    return relay.http.get(f"/v1/result/{video_id}").status_code == 200
