"""A running server that makes films in no time, a film on it, and pictures for it to fetch."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.published import Site
from tests.e2e.server import Process, Relay, serving
from tests.http.stage import picture
from tests.scripted_server import Reply, ScriptedServer

Served = tuple[Process, Relay]


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    allowed = {
        "FILMGATE_ALLOW_PRIVATE_IMAGES": "true",
        "FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true",
    }
    with _open_folder() as folder, serving(folder, "--speed", "tiny", **allowed) as served:
        yield served


@pytest.fixture(scope="session")
def site(served: Served) -> Site:
    return Site(served[0].url, served[0].api_key)


@pytest.fixture(scope="session")
def relay(served: Served) -> Relay:
    """For what a test has to arrange before the published client comes."""
    return served[1]


@pytest.fixture(scope="session")
def film_id(relay: Relay) -> str:
    """A completed film of four seconds, by the name that OpenAI's clients know it by."""
    wire_id = relay.create(seconds=4)
    done = relay.wait_for(wire_id, "completed", "failed")
    assert done["status"] == "completed", done
    return wire_id.replace("sora_", "video_")


@pytest.fixture(scope="session")
def pictures() -> Iterator[str]:
    """An address below which there is a picture of either size."""
    png = {"content-type": "image/png"}
    with ScriptedServer() as server:
        server.on("GET", "/landscape.png", Reply(200, picture(1280, 720), png))
        server.on("GET", "/portrait.png", Reply(200, picture(720, 1280), png))
        yield server.url


@contextmanager
def _open_folder() -> Iterator[Path]:
    """Not below pytest's own, which only its owner may enter: root's PostgreSQL is somebody else."""
    with tempfile.TemporaryDirectory(prefix="filmgate-clients-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
