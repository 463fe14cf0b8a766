"""Thousands of requests made from the server's description of itself, and everything that it says held to."""

import asyncio
import re
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from filmgate.core.catalogue import Catalogue, Model
from filmgate.http.app import build_app
from filmgate.http.services import Services
from filmgate.http.whole import Whole, offer_writing, offered_writing
from tests.http.live import live
from tests.http.stage import Traces

COMMAND = Path(sys.executable).with_name("schemathesis")
SETTINGS = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parents[2]

# All of them can do the same, so that what is described is just what is accepted: a JSON Schema cannot say
# well which length goes with which model.
ALIKE = [Model(name=name, images=3) for name in ("sora-2", "openAiSora2Plus")]

CREATES = re.compile(
    r"/(v1/)?sora/videos|/v1/video/generations|/v1/videos(/.*/remix|/edits|/extensions)?"
)
CANCELS = re.compile(r"/v1/videos/.*/cancel")
DELETES = re.compile(r"/v1/videos/[^/]*")


@dataclass
class Overheard:
    """What went over the wire: how often something was done, and whether an answer shows the inside."""

    app: ASGIApp
    created: int = 0
    ended: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    traces: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_replay = (b"idempotent-replayed", b"true") in message["headers"]
                self._note(scope["method"], scope["path"], message["status"], is_replay=is_replay)
            else:
                self._search(message.get("body", b""))
            await send(message)

        def overhear(whole: Whole) -> bool:
            is_replay = b"idempotent-replayed: true" in whole.lines
            self._note(scope["method"], scope["path"], whole.status, is_replay=is_replay)
            self._search(whole.body)
            return write is not None and write(whole)

        write = offered_writing(scope)
        if write is not None:
            offer_writing(scope, overhear)
        await self.app(scope, receive, listen)

    def _search(self, body: bytes) -> None:
        if b"Traceback" in body:
            self.traces.append(body)

    def _note(self, method: str, path: str, status: int, *, is_replay: bool) -> None:
        self.statuses[status] += 1
        if status == 200 and not is_replay:
            self.created += method == "POST" and CREATES.fullmatch(path) is not None
            self.ended += method == "POST" and CANCELS.fullmatch(path) is not None
            self.ended += method == "DELETE" and DELETES.fullmatch(path) is not None


@pytest.mark.timeout(400)
async def test_the_server_does_as_it_is_described_and_refusals_leave_nothing(
    services: Services, key: str, traces: Traces, scratch: Path, tmp_path: Path
) -> None:
    services = replace(services, catalogue=Catalogue(ALIKE))
    overheard = Overheard(build_app(services))
    async with live(services, overheard) as address:
        status, report = await fuzz(address, key=key, folder=tmp_path)
    assert status == 0, report
    assert overheard.traces == []
    assert not [status for status in overheard.statuses if status >= 500]
    assert overheard.statuses.total() > 1_500
    assert overheard.created > 30
    rows, jobs, objects = await traces.left()
    assert rows == overheard.created
    assert overheard.created - overheard.ended <= jobs <= overheard.created
    assert objects == []
    assert files_in(scratch) == []


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def fuzz(address: str, *, key: str, folder: Path) -> tuple[int, str]:
    """The exit status of the tool, which is 0 where it found nothing, and its report."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        f"--config-file={SETTINGS}",
        "run",
        f"{address}/openapi.json",
        f"--header=Authorization: Bearer {key}",
        "--continue-on-failure",
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        report, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, report.decode()
