"""A real S3 server (SeaweedFS) on loopback: it checks signatures and expiries, and it can be killed or paused."""

import asyncio
import json
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from obstore.exceptions import BaseError
from obstore.store import S3Store

COMMAND = Path(sys.executable).with_name("weed")
BUCKET = "films"
START_SECONDS = 30.0
STOP_SECONDS = 10.0

_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)


@dataclass
class S3Server:
    """`start` and `stop` as often as you like: objects, keys and ports stay."""

    folder: Path
    access_key_id: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_access_key: str = field(default_factory=lambda: f"{secrets.token_hex(18)}+/a")

    def __post_init__(self) -> None:
        (self.folder / "data").mkdir(parents=True)
        (self.folder / "identities.json").write_text(json.dumps(self._identities()))
        self._ports = _free_ports()
        self._has_started = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    @property
    def variables(self) -> dict[str, str]:
        """What a process that is to use this server finds in its environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }

    def url(self, prefix: str, *, endpoint: str | None = None) -> str:
        """A storage URL that says everything, for a place of the test's own in the bucket."""
        query = {
            "endpoint": endpoint or self.endpoint,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }
        return f"s3://{BUCKET}/{prefix}?{urlencode(query)}"

    def start(self) -> None:
        """Return when it takes objects, and gives those of its earlier life."""
        deadline = time.monotonic() + START_SECONDS
        with (self.folder / "weed.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        while not self._takes_objects():
            assert self._process.poll() is None, f"{COMMAND} ended: see {self.folder}/weed.log"
            assert time.monotonic() < deadline, f"no S3 server within {START_SECONDS:g} s"
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It takes connections, and answers none."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @asynccontextmanager
    async def wire(self) -> AsyncIterator["Wire"]:
        """Another way to the server, which a test may cut while others go on using the server."""
        wire = Wire(self._ports["s3.port"])
        async with await asyncio.start_server(wire.carry, "127.0.0.1", 0) as listening:
            wire.listening = listening
            try:
                yield wire
            finally:
                await wire.aclose()

    def _takes_objects(self) -> bool:
        store = S3Store(
            BUCKET,
            config={
                "endpoint": self.endpoint,
                "access_key_id": self.access_key_id,
                "secret_access_key": self.secret_access_key,
            },
            client_options={"allow_http": True, "timeout": "5s"},
            retry_config={"max_retries": 0},
        )
        try:
            store.put("started", b"by now")
            if self._has_started:
                store.get("first").bytes()  # volumes come back one after the other
            else:
                store.put("first", b"of all objects")
        except BaseError:
            return False
        self._has_started = True
        return True

    def _command(self) -> list[str]:
        return [
            str(COMMAND),
            "server",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            f"-s3.config={self.folder / 'identities.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self.folder / 's3.sock'}",
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            "-volume.max=50",
            "-master.volumeSizeLimitMB=256",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]

    def _identities(self) -> dict[str, object]:
        credentials = {"accessKey": self.access_key_id, "secretKey": self.secret_access_key}
        return {
            "identities": [{"name": "test", "credentials": [credentials], "actions": ["Admin"]}]
        }


class Wire:
    """Carries bytes to the server and back until it is cut; then nobody listens, as when a host is gone."""

    listening: asyncio.Server

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: list[asyncio.StreamWriter] = []
        self._carrying: list[asyncio.Task[None]] = []
        self.answered_bytes = 0
        self.answer_limit_bytes: int | None = None
        """Cut when so many have come back."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.listening.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        self.listening.close()
        for end in self._ends:
            end.transport.abort()

    async def aclose(self) -> None:
        self.cut()
        await asyncio.gather(*self._carrying)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.append(task)
        answers, requests = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends += [writer, requests]
        with suppress(ConnectionError):
            await asyncio.gather(
                self._pump(reader, requests), self._pump(answers, writer, is_answer=True)
            )

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        while data := await source.read(65_536):
            self.answered_bytes += len(data) if is_answer else 0
            if (
                self.answer_limit_bytes is not None
                and self.answered_bytes > self.answer_limit_bytes
            ):
                self.cut()
            target.write(data)
            await target.drain()
        target.close()


def _free_ports() -> dict[str, int]:
    """Below the range from which systems take the ports of connections, so that they stay free over a restart."""
    with ExitStack() as stack:
        candidates = iter(random.sample(range(12_000, 32_000), 1000))
        return {name: _take(next(candidates), candidates, stack) for name in _PORTS}


def _take(port: int, others: Iterator[int], stack: ExitStack) -> int:
    taken = stack.enter_context(socket.socket())
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return _take(next(others), others, stack)
    return port
