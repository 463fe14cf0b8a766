"""Run by test_local.py: how much memory storing a file takes, at the worst moment."""

import asyncio
import json
import resource
import sys
from pathlib import Path

from filmgate.core.spec import ObjectKey
from filmgate.storage.local import LocalObjectStore


async def main(root: Path, film: Path) -> dict[str, int]:
    store = LocalObjectStore(root)
    await store.put_bytes(ObjectKey("warm/up.bin"), b"x")
    before = peak_kilobytes()
    await store.put_file(ObjectKey("videos/0abc/1/video.mp4"), film)
    return {"grown_megabytes": (peak_kilobytes() - before) // 1024}


def peak_kilobytes() -> int:
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))))
