"""The metrics of real processes, at addresses of their own."""

import json
import socket
import subprocess
import time
from pathlib import Path

import httpx2

from tests.e2e.server import COMMAND, Process, environment, serving

ANYWHERE = {"FILMGATE_METRICS_ADDRESS": "127.0.0.1:0"}


def scrape(process: Process) -> str:
    """From the address that its log names."""
    lines = (json.loads(line) for line in process.log().splitlines() if line.startswith("{"))
    line = next(line for line in lines if line["event"] == "metrics are exposed")
    answer = httpx2.get(f"http://{line['host']}:{line['port']}/metrics")
    assert answer.status_code == 200
    return answer.text


def told_within(process: Process, *words: str, within: float = 20) -> None:
    ended = time.monotonic() + within
    while missing := [each for each in words if each not in (text := scrape(process))]:
        assert time.monotonic() < ended, f"{missing} not in {text}"
        time.sleep(0.1)


def test_a_server_and_a_worker_tell_of_themselves(folder: Path) -> None:
    with serving(folder, **ANYWHERE) as (server, relay):
        assert relay.http.get("/v1/models").status_code == 200
        told_within(
            server,
            "filmgate_database_up 1.0",
            "filmgate_open_connections 1.0",
            "filmgate_waiting_requests 0.0",
            'filmgate_videos_queued{engine="scenes"} 0.0',
            'filmgate_periodic_job_runs_total{job="line",outcome="done"}',
        )
        with Process(folder, "worker", **ANYWHERE) as worker:
            told_within(worker, "filmgate_database_up 1.0", "filmgate_heartbeats_missed_total 0.0")
            assert "filmgate_open_connections 1.0" not in scrape(worker)


def test_an_address_that_is_taken_ends_the_start_with_a_sentence(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = subprocess.run(
            [COMMAND, "serve", "--port", "0", "--data", str(folder / "data")],
            cwd=folder,
            env=environment(folder) | {"FILMGATE_METRICS_ADDRESS": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 2
    assert f"metrics_address: {address} cannot be listened on" in ended.stderr
