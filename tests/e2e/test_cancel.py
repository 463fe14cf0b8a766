"""Cancelling and deleting stop the work, not only the record."""

import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.server import Relay, serving
from tests.e2e.test_kills import rendering

GONE_SECONDS = 2
"""What is promised; a busy machine gets five times that here."""

pytestmark = pytest.mark.timeout(200)


def cancel(relay: Relay, video_id: str) -> None:
    assert relay.http.post(f"/v1/videos/{video_id}/cancel").is_success


def delete(relay: Relay, video_id: str) -> None:
    assert relay.http.delete(f"/v1/videos/{video_id}").is_success


@pytest.mark.parametrize("act", [cancel, delete])
def test_the_child_that_renders_is_gone_and_the_next_video_begins(
    act: object, folder: Path
) -> None:
    assert callable(act)
    with serving(folder) as (server, relay):
        video_id = rendering(relay)
        children = server.render_children()
        assert children
        following = relay.create(seconds=4)
        act(relay, video_id)
        _, alive = psutil.wait_procs(children, timeout=5 * GONE_SECONDS)
        assert alive == []
        relay.wait_for(following, "processing", "completed", within=20)
        act(relay, following)
        films = folder / "data/objects/videos" / video_id.removeprefix("sora_")
        ended = time.monotonic() + 20
        while any(path.is_file() for path in films.rglob("*")):
            assert time.monotonic() < ended
            time.sleep(0.05)
