"""The whole path with real processes: from a relay client's request to a film that plays."""

import signal
from pathlib import Path

import av
import httpx2
import psutil
import pytest

from filmgate.media.probe import probe
from tests.e2e.server import Process, serving

TINY = ("--speed", "tiny")


def decoded_frames(film: Path) -> int:
    with av.open(str(film)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("prefix", ["", "/kyyReactApiServer", "/kyyAiPower"])
@pytest.mark.parametrize("path", ["/v1/sora/videos", "/sora/videos"])
def test_the_seeds_request_becomes_a_film_under_every_prefix(
    path: str, prefix: str, folder: Path
) -> None:
    body = (
        '{"model": "openAiSora2Plus", "prompt": "A cat dancing in the rain, cinematic style",'
        ' "aspect_ratio": "16:9", "seconds": 8, "input_reference": []}'
    )
    with serving(folder, *TINY) as (server, relay):
        created = relay.http.post(
            prefix + path, content=body, headers={"Content-Type": "application/json"}
        ).json()
        assert list(created) == ["id", "object", "created", "model", "status"]
        done = relay.wait_for(created["id"], "completed", "failed")
        assert done["status"] == "completed", server.log()
        assert done["actualDuration"] == 8
        assert done == relay.http.get(f"{prefix}/v1/videos/{created['id']}").json()
        film = folder / "film.mp4"
        film.write_bytes(httpx2.get(done["video_url"]).content)
    assert decoded_frames(film) == probe(film).frame_count == 192


def test_a_full_size_film_plays_from_start_to_end(folder: Path) -> None:
    with serving(folder) as (server, relay):
        done = relay.wait_for(relay.create(seconds=4), "completed", "failed", within=100)
        assert done["status"] == "completed", server.log()
        film = folder / "film.mp4"
        film.write_bytes(httpx2.get(done["video_url"]).content)
    found = probe(film)
    assert (found.width, found.height, found.duration) == (1280, 720, 4.0)
    assert (found.video_codec, found.pixel_format, found.audio_codec) == ("h264", "yuv420p", "aac")
    assert found.has_index_at_front
    assert decoded_frames(film) == 96


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_clean_and_leaves_no_process(number: signal.Signals, folder: Path) -> None:
    with serving(folder, *TINY) as (server, relay):
        relay.wait_for(relay.create(), "completed")
        family = [server.postmaster(), *psutil.Process(server.popen.pid).children(recursive=True)]
        assert server.stop(number) == 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert "Traceback" not in server.log()


def test_videos_and_keys_survive_a_restart(folder: Path) -> None:
    with serving(folder, *TINY) as (server, relay):
        video_id, key = relay.create(), server.api_key
        relay.wait_for(video_id, "completed")
    with Process(folder, "serve", "--port", "0", *TINY) as server:
        assert "API key" not in server.output, "the first key is shown once"
        headers = {"Authorization": f"Bearer {key}"}
        found = httpx2.get(f"{server.url}/v1/result/{video_id}", headers=headers).json()
        assert found["status"] == "completed"
        assert httpx2.get(found["video_url"]).status_code == 200


def test_a_key_from_the_environment_is_accepted_and_not_printed(folder: Path) -> None:
    with serving(folder, *TINY, FILMGATE_API_KEY="ci-secret-1") as (server, relay):
        assert relay.result(relay.create())["status"] in {"queued", "processing", "completed"}
    assert "ci-secret-1" not in server.output + server.log()


def test_api_and_worker_may_be_two_processes(folder: Path) -> None:
    with serving(folder, "--no-worker") as (_, relay):
        video_id = relay.create()
        assert relay.result(video_id)["status"] == "queued"
        with Process(folder, "worker", *TINY):
            assert relay.wait_for(video_id, "completed", "failed")["status"] == "completed"


def test_links_carry_the_public_address(folder: Path) -> None:
    public = {"FILMGATE_PUBLIC_URL": "https://video.example.org"}
    with serving(folder, *TINY, **public) as (_, relay):
        done = relay.wait_for(relay.create(), "completed")
    assert done["video_url"].startswith("https://video.example.org/files/")


def test_neither_key_nor_signature_nor_prompt_is_logged(folder: Path) -> None:
    with serving(folder, *TINY, FILMGATE_LOG_LEVEL="debug") as (server, relay):
        done = relay.wait_for(relay.create(prompt="a very private wish"), "completed")
        httpx2.get(done["video_url"])
        key = server.api_key
    log = server.log()
    assert "/files/" in log
    assert key not in log
    assert done["video_url"].rpartition("=")[2] not in log
    assert "private wish" not in log
