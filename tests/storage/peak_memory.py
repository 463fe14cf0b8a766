"""Run by test_local.py and test_remote.py: how long a file takes to store and to fetch, and how much memory at worst."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

from filmgate.core.spec import ObjectKey
from filmgate.storage.opening import open_store

KEY = ObjectKey("videos/0abc/1/video.mp4")


async def main(url: str, film: Path) -> dict[str, float]:
    store = open_store(url)
    await store.put_bytes(ObjectKey("warm/up.bin"), b"x")
    put_megabytes, put_seconds = await measured(store.put_file(KEY, film))
    fetch_megabytes, fetch_seconds = await measured(
        store.fetch_file(KEY, film.with_name("fetched"))
    )
    return {
        "put_megabytes": put_megabytes,
        "put_seconds": put_seconds,
        "fetch_megabytes": put_megabytes + fetch_megabytes,
        "fetch_seconds": fetch_seconds,
    }


async def measured(use: Awaitable[None]) -> tuple[float, float]:
    """By how many megabytes the peak grew, and the seconds."""
    before, started = peak_kilobytes(), time.monotonic()
    await use
    return (peak_kilobytes() - before) / 1024, time.monotonic() - started


def peak_kilobytes() -> int:
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2])))))
