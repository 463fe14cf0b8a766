"""Run by test_local.py: what a store does once no file of this process may pass a megabyte.

The limit fails a write where a full disk would, and any user may set it.
"""

import asyncio
import json
import resource
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path

from filmgate.core.errors import StorageUnavailable
from filmgate.core.spec import ObjectKey
from filmgate.storage.local import LocalObjectStore

KEY = ObjectKey("videos/0abc/1/video.mp4")
BESIDE = ObjectKey("videos/0abc/2/video.mp4")
MEGABYTE = 1024 * 1024


async def main(root: Path, film: Path) -> dict[str, object]:
    store = LocalObjectStore(root)
    await store.put_bytes(KEY, b"the first")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))
    uses = {
        "put_file": store.put_file(KEY, film),
        "put_bytes": store.put_bytes(KEY, bytes(9 * MEGABYTE)),
        "put_file beside it": store.put_file(BESIDE, film),
    }
    return {
        "refused": [name for name, use in uses.items() if await is_refused(use)],
        "kept": (await store.read(KEY)).decode(),
        "left": everything(root),
    }


async def is_refused(use: Awaitable[None]) -> bool:
    try:
        await use
    except StorageUnavailable:
        return True
    return False


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))))
