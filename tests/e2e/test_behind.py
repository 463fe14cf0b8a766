"""A filmgate behind a filmgate: real processes, the front one paying the rear one for each video once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from filmgate.media.probe import probe
from tests.e2e.server import Process, Relay, serving

pytestmark = pytest.mark.timeout(240)

MODEL = "openAiSora2Plus"


@contextmanager
def in_front(folder: Path, rear: Process) -> Iterator[tuple[Process, Relay]]:
    place = folder / "front"
    place.mkdir(mode=0o711)
    (place / "filmgate.toml").write_text(
        f"""
        [engines.rear]
        kind = "videos_api"
        url = "{rear.url}"
        api_key_variable = "REAR_KEY"
        idempotency_window = 72000

        [models.{MODEL}]
        engine = "rear"
        characters = 0
        """,
        encoding="utf-8",
    )
    with serving(place, REAR_KEY=rear.api_key) as (server, relay):
        yield server, relay


@contextmanager
def behind(folder: Path, *arguments: str) -> Iterator[tuple[Process, Relay]]:
    place = folder / "rear"
    place.mkdir(mode=0o711)
    with serving(place, *arguments) as pair:
        yield pair


def made_by(relay: Relay) -> list[str]:
    return [video["status"] for video in relay.http.get("/v1/videos").json()["data"]]


def arrives(relay: Relay, video_id: str, folder: Path) -> None:
    done = relay.wait_for(video_id, "completed", "failed", within=120)
    assert done["status"] == "completed", done
    film = folder / "film.mp4"
    film.write_bytes(httpx2.get(done["video_url"]).content)
    assert probe(film).duration == 4.0


def test_a_video_comes_from_the_server_behind(folder: Path) -> None:
    with (
        behind(folder, "--speed", "tiny") as (rear, behind_relay),
        in_front(folder, rear) as (_, relay),
    ):
        health = relay.http.get("/readyz").json()
        assert health["engines"]["rear"] == "ok"
        arrives(relay, relay.create(seconds=4), folder)
        assert made_by(behind_relay) == ["completed"]


def test_a_killed_front_pays_only_once(folder: Path) -> None:
    with behind(folder) as (rear, behind_relay), in_front(folder, rear) as (server, relay):
        video_id, key = relay.create(seconds=4), server.api_key
        ended = time.monotonic() + 60
        while "in_progress" not in made_by(behind_relay):
            assert time.monotonic() < ended
            time.sleep(0.02)
        server.kill()
        server.start()
        with Relay(server.url, key) as again:
            arrives(again, video_id, folder)
        assert made_by(behind_relay) == ["completed"]
