"""A worker that is stopped for longer than any may be silent, and wakes up again: two made it, one has."""

import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.server import Process, Relay, serving
from tests.e2e.test_kills import completes, rendering
from tests.scripted_server import Reply, ScriptedServer

pytestmark = pytest.mark.timeout(240)

LOST_SECONDS = 11


def stop_and_go(worker: Process, number: signal.Signals) -> None:
    """The worker alone: its children wait for it, as they would on a machine that sleeps."""
    psutil.Process(worker.popen.pid).send_signal(number)


def files(folder: Path) -> set[str]:
    root = folder / "data/objects/videos"
    return {f"{path.parent.name}/{path.name}" for path in root.rglob("*") if path.is_file()}


def test_a_worker_paused_in_mid_render_leaves_one_video_one_file_and_one_delivery(
    folder: Path,
) -> None:
    allowed = {"FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true"}
    with ScriptedServer() as receiver:
        receiver.on("POST", "/hook", Reply(204))
        with (
            serving(folder, "--no-worker", **allowed) as (_, relay),
            Process(folder, "worker", **allowed) as first,
        ):
            assert relay.http.post("/v1/webhooks", json={"url": f"{receiver.url}/hook"}).is_success
            video_id = rendering(relay)
            stop_and_go(first, signal.SIGSTOP)
            time.sleep(LOST_SECONDS)
            with Process(folder, "worker", **allowed) as second:
                completes(relay, video_id, folder)
                stop_and_go(first, signal.SIGCONT)
                _let_go(first, relay, video_id)
                assert "Traceback" not in second.log()
        assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
        assert len(receiver.received) == 1
    assert files(folder) == {"2/video.mp4", "2/thumbnail.webp", "2/spritesheet.jpg"}


def _let_go(worker: Process, relay: Relay, video_id: str) -> None:
    ended = time.monotonic() + 60
    while "video let go" not in worker.log() and "completed=False" not in worker.log():
        assert time.monotonic() < ended, worker.log()
        time.sleep(0.1)
    assert relay.result(video_id)["status"] == "completed"
