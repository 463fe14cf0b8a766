"""What a process that renders, or looks at strangers' films, knows of the server: nothing worth stealing."""

from pathlib import Path

import psutil
import pytest

from tests.e2e.server import Process, serving
from tests.scripted_engine import write_sample

PLANTED = {
    "FILMGATE_API_KEY": "planted-api-key-1",
    "FILMGATE_MODERATION_KEY": "planted-moderation-key",
    "PGPASSWORD": "planted-pg-password",
    "PGSSLKEY": "/planted/key.pem",
    "DATABASE_URL": "postgresql://planted",
    "AWS_ACCESS_KEY_ID": "planted-id",
    "AWS_SECRET_ACCESS_KEY": "planted-secret",
    "AWS_SESSION_TOKEN": "planted-session",
    "GOOGLE_APPLICATION_CREDENTIALS": "/planted/account.json",
    "AZURE_STORAGE_ACCOUNT_KEY": "planted-azure",
    "HF_TOKEN": "planted-hub",
    "OPENAI_API_KEY": "planted-upstream",
    "SOME_PASSWORD": "planted-whatever",
}

KNOWN = {"PATH", "LC_CTYPE", "NUMBA_CACHE_DIR"}
"""All that a child is given; LC_CTYPE is Python's own doing."""


def workers_of(server: Process) -> list[psutil.Process]:
    children = psutil.Process(server.popen.pid).children(recursive=True)
    return [child for child in children if "filmgate.processes.child" in child.cmdline()]


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    path = tmp_path / "film.mp4"
    write_sample(path, seconds=4)
    return path.read_bytes()


def test_no_child_is_given_the_server_s_environment_or_connections(
    folder: Path, film: bytes
) -> None:
    with serving(folder, "--speed", "tiny", **PLANTED) as (server, relay):
        answer = relay.http.post(
            "/v1/videos/characters", data={"name": "Rex"}, files={"video": film}
        )
        assert answer.status_code == 200, answer.text
        relay.wait_for(relay.create(), "completed")
        children = workers_of(server)
        environments = {child.cmdline()[-1]: child.environ() for child in children}
        connections = [each for child in children for each in child.net_connections()]
        files = [each.path for child in children for each in child.open_files()]
    assert len(environments) >= 2, "both who renders and who looks at films"
    for target, environment in environments.items():
        assert set(environment) <= KNOWN, target
        assert not [value for value in environment.values() if "planted" in value], target
    assert connections == []
    assert [path for path in files if "postgres" in path] == []
