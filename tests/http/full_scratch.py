"""Run by test_multipart.py: what becomes of uploads once no file of this process may pass a megabyte.

The limit fails a write where a full disk would, and any user may set it.
"""

import asyncio
import json
import resource
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from filmgate.core.account import AccountId
from filmgate.core.errors import FilmgateError
from filmgate.http.bodies.multipart import read_multipart
from filmgate.http.bodies.room import Room, Share
from filmgate.http.bodies.uploads import Uploads

MEGABYTE = 1024 * 1024


async def main(scratch: Path) -> dict[str, object]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))
    return {
        "small": await outcome(scratch, size=MEGABYTE // 2),
        "large": await outcome(scratch, size=MEGABYTE * 2),
        "left": left(scratch),
    }


def left(scratch: Path) -> list[str]:
    return [path.name for path in scratch.iterdir()]


async def outcome(scratch: Path, *, size: int) -> str:
    plenty = Share(Room(of_account=10**9, in_all=10**9), AccountId(1))
    async with Uploads(scratch, plenty) as uploads:
        try:
            await read_multipart(
                form(size), "multipart/form-data; boundary=b", uploads=uploads, memory=plenty
            )
        except FilmgateError as error:
            return type(error).__name__
    return "kept"


async def form(size: int) -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n'
    yield bytes(size)
    yield b"\r\n--b--\r\n"


sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
