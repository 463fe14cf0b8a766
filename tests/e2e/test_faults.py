"""What a server meets in a year: its database restarted under load, its store away, downtime past an expiry."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate
from tests.e2e.server import Process, serving
from tests.e2e.test_kills import completes, rendering

TINY = ("--speed", "tiny")
KEY = "sk-of-the-test-1"
OUTAGE_SECONDS = 4

pytestmark = pytest.mark.timeout(240)


def until(is_so: Callable[[], bool], *, within: float = 60) -> None:
    ended = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < ended
        time.sleep(0.05)


@pytest.fixture
def external(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that is not the server's own, with our schema."""
    server = EmbeddedPostgres(folder / "external")
    server.start()
    asyncio.run(migrate(server.dsn))
    yield server
    server.stop()


def test_creates_survive_a_restart_of_the_database_or_are_told_to_come_back(
    folder: Path, external: EmbeddedPostgres
) -> None:
    accepted: list[str] = []
    refused: list[httpx2.Response] = []
    is_over = threading.Event()
    variables = {"FILMGATE_DATABASE_URL": external.dsn, "FILMGATE_API_KEY": KEY}
    with serving(folder, *TINY, **variables) as (_, relay):

        def create() -> None:
            body = {"model": "openAiSora2Plus", "prompt": "A cat", "seconds": 4}
            while not is_over.is_set():
                answer = relay.http.post("/v1/sora/videos", json=body)
                if answer.status_code == 200:
                    accepted.append(answer.json()["id"])
                else:
                    refused.append(answer)
                time.sleep(0.02)

        loads = [threading.Thread(target=create) for _ in range(4)]
        for load in loads:
            load.start()
        until(lambda: len(accepted) > 20)
        external.stop()
        until(lambda: len(refused) > 3)
        time.sleep(OUTAGE_SECONDS)
        external.start()
        before = len(accepted)
        until(lambda: len(accepted) > before + 5)
        is_over.set()
        for load in loads:
            load.join()
        for video_id in accepted:
            assert relay.wait_for(video_id, "completed", "failed")["status"] == "completed"
    assert {answer.status_code for answer in refused} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert all(answer.json()["error"]["code"] == "service_unavailable" for answer in refused)


def test_a_store_that_goes_away_in_mid_render_makes_the_video_wait(folder: Path) -> None:
    objects, away = folder / "data/objects", folder / "data/unmounted"
    with serving(folder) as (server, relay):
        video_id = rendering(relay)
        objects.rename(away)
        until(lambda: "storage away" in server.log(), within=100)
        assert relay.result(video_id)["status"] in {"queued", "processing"}
        away.rename(objects)
        completes(relay, video_id, folder)


def test_a_worker_told_to_stop_hands_its_video_back_within_its_grace(folder: Path) -> None:
    grace = {"FILMGATE_GRACE": "1"}
    with serving(folder, "--no-worker") as (_, relay):
        with Process(folder, "worker", **grace) as worker:
            video_id = rendering(relay)
            began = time.monotonic()
            assert worker.stop(signal.SIGTERM) == 0
            assert time.monotonic() - began < 15
        assert relay.result(video_id)["status"] == "queued"
        with Process(folder, "worker", *TINY):
            done = relay.wait_for(video_id, "completed", "failed")
    assert done["status"] == "completed"


def test_what_expired_while_nobody_served_is_gone_after_the_start(
    folder: Path, external: EmbeddedPostgres
) -> None:
    variables = {"FILMGATE_DATABASE_URL": external.dsn, "FILMGATE_API_KEY": KEY}
    with serving(folder, *TINY, **variables) as (_, relay):
        done = relay.wait_for(relay.create(), "completed")
    asyncio.run(_let_a_day_pass(external.dsn))

    def films() -> list[Path]:
        return list((folder / "data/objects").rglob("*.mp4"))

    assert len(films()) == 1
    with serving(folder, *TINY, **variables) as (server, relay):
        until(lambda: not films())
        link = done["video_url"].split("/files/")[1]
        assert relay.result(done["id"])["status"] == "completed"
        assert httpx2.get(f"{server.url}/files/{link}").status_code == 410


async def _let_a_day_pass(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "update video set expires_at = expires_at - interval '2 days', "
        "completed_at = completed_at - interval '2 days'"
    )
    await connection.close()


def test_orphans_go_with_the_next_sweep(folder: Path, external: EmbeddedPostgres) -> None:
    variables = {"FILMGATE_DATABASE_URL": external.dsn, "FILMGATE_API_KEY": KEY}
    stray = folder / "data/objects/videos/01m7z0000000000000000000aa/references/0.webp"
    with serving(folder, *TINY, **variables) as (_, relay):
        relay.wait_for(relay.create(), "completed")
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"of a create that was killed")
    long_ago = time.time() - 7200
    os.utime(stray, (long_ago, long_ago))
    asyncio.run(_let_an_hour_pass(external.dsn))
    with serving(folder, *TINY, **variables):
        until(lambda: not stray.exists())
    assert len(list((folder / "data/objects").rglob("*.mp4"))) == 1


async def _let_an_hour_pass(dsn: str) -> None:
    """As far as periodic jobs know."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("update periodic_job set due_at = now()")
    await connection.close()
