"""kill -9 of a server that is busy accepting: whatever it has acknowledged is there when it is back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.e2e.server import Relay, serving

CLIENTS, BEFORE_THE_KILL = 8, 60

pytestmark = pytest.mark.timeout(200)


class Crowd:
    """Clients that create one video after the other, each under a key of its own, until the server is gone."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url, self._api_key = url, api_key
        self.acknowledged: dict[str, str] = {}
        self.has_enough = threading.Event()

    def create_until_it_is_gone(self, client: int) -> None:
        with Relay(self._url, self._api_key) as relay:
            for number in range(100_000):
                key = f"{client}-{number}"
                try:
                    answer = send(relay, key)
                except httpx2.TransportError:
                    return
                self.acknowledged[key] = str(answer.json()["id"])
                if len(self.acknowledged) >= BEFORE_THE_KILL:
                    self.has_enough.set()


def send(relay: Relay, key: str) -> httpx2.Response:
    body = {"model": "openAiSora2Plus", "prompt": "A cat", "seconds": 8}
    return relay.http.post("/v1/sora/videos", json=body, headers={"idempotency-key": key})


def test_what_was_acknowledged_before_a_kill_is_there_after_it(folder: Path) -> None:
    with serving(folder, "--no-worker") as (server, _), ThreadPoolExecutor(CLIENTS) as pool:
        crowd, api_key = Crowd(server.url, server.api_key), server.api_key
        leaving = [pool.submit(crowd.create_until_it_is_gone, each) for each in range(CLIENTS)]
        assert crowd.has_enough.wait(60)
        server.kill()
        for each in leaving:
            each.result()
        server.start()
        with Relay(server.url, api_key) as relay:
            for key, video_id in crowd.acknowledged.items():
                assert relay.result(video_id)["id"] == video_id
                again = send(relay, key)
                assert again.headers["idempotent-replayed"] == "true"
                assert again.json()["id"] == video_id
