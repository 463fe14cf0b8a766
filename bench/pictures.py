"""From the engine's last frame to a `completed` that a client sees: how long, and where the time goes.

A whole server in this process, and one client that waits for its videos. Run: python bench/pictures.py --help
"""

import argparse
import asyncio
import json
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import uvloop

from filmgate.core.ports import Attempt, Engine, ObjectStore, Pictures, RenderedFile, Token
from filmgate.core.spec import ObjectKey, VideoSpec
from filmgate.media.bench import MediaBench
from filmgate.running import StopSignals, run
from filmgate.settings import Settings
from filmgate.telemetry import set_up_logging
from filmgate.usecases import accounts
from filmgate.wiring import System, open_system

KEY = "fg-" + "0" * 40
PROMPT = "A cat dancing in the rain, cinematic style"


@dataclass(slots=True)
class Clock:
    """When the engine was last asked and done, and how long each further step took, in milliseconds."""

    asked_at: float = 0.0
    done_at: float = 0.0
    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.note(name, time.perf_counter() - began)

    def note(self, name: str, seconds: float) -> None:
        self.steps[name].append(1000 * seconds)


class TimedEngine:
    """An engine whose clock is read."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        self._clock.asked_at = time.perf_counter()
        rendered = await self._engine.render(spec, attempt)
        self._clock.done_at = time.perf_counter()
        return rendered

    @property
    def seats(self) -> Any:
        return self._engine.seats

    async def forget(self, token: Token) -> None:
        await self._engine.forget(token)

    async def check(self) -> None:
        await self._engine.check()

    async def aclose(self) -> None:
        await self._engine.aclose()


class TimedBench(MediaBench):
    """A bench whose pictures are timed."""

    clock: Clock

    async def pictures(self, video: Path, *, into: Path) -> Pictures:
        with self.clock.step("pictures taken of the finished film"):
            return await super().pictures(video, into=into)


class TimedStore:
    """A store whose puts are timed; everything else goes through."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put_file(self, key: ObjectKey, path: Path) -> None:
        with self._clock.step(f"put {Path(key).suffix}"):
            await self._store.put_file(key, path)


def main() -> None:
    wish = _arguments()
    set_up_logging(level="error", style="text")
    folder = Path(tempfile.mkdtemp(prefix="filmgate-bench-"))
    folder.chmod(0o711)  # for root's sake: PostgreSQL is somebody else then, and must pass through
    try:
        clock = uvloop.run(_measure(wish, folder / "data"))
    finally:
        shutil.rmtree(folder)
    _report(clock, skipped=wish.warm_up)
    if wish.json:
        wish.json.write_text(json.dumps(clock.steps, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=1, help="first runs that do not count")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--seconds", default="8")
    parser.add_argument("--prompt", default=PROMPT)
    parser.add_argument("--tiny", action="store_true", help="64 pixels on the short side")
    parser.add_argument("--json", type=Path, help="write all single times there")
    return parser.parse_args()


async def _measure(wish: argparse.Namespace, data: Path) -> Clock:
    clock = Clock()
    speed = "tiny" if wish.tiny else "full"
    settings = Settings.model_validate({"data": data, "speed": speed, "slots": 1})
    async with _served(settings, clock) as url:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=300) as client:
            for _ in range(wish.warm_up + wish.runs):
                await _one(client, wish, clock)
                await asyncio.sleep(0.3)  # what follows an end is not to fall into the next one
    return clock


@asynccontextmanager
async def _served(settings: Settings, clock: Clock) -> AsyncIterator[str]:
    signals = StopSignals()
    ready = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with open_system(settings) as system, asyncio.TaskGroup() as life:
            life.create_task(
                run(
                    settings,
                    await _timed(system, clock),
                    signals=signals,
                    listening=listening,
                    with_worker=True,
                    on_ready=ready.set,
                )
            )
            await ready.wait()
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            signals.stop.set()


async def _timed(system: System, clock: Clock) -> System:
    await accounts.ensure_key(system.base.database, KEY)
    bench = TimedBench()
    bench.clock = clock
    return replace(
        system,
        engines={name: TimedEngine(each, clock) for name, each in system.engines.items()},
        store=TimedStore(system.store, clock),
        bench=bench,
    )


async def _one(client: httpx2.AsyncClient, wish: argparse.Namespace, clock: Clock) -> None:
    body = {"model": "sora-2", "prompt": wish.prompt, "seconds": wish.seconds, "size": wish.size}
    began = time.perf_counter()
    answer = await client.post("/v1/videos", json=body)
    answer.raise_for_status()
    video = answer.json()
    while video["status"] not in {"completed", "failed"}:
        answer = await client.get(f"/v1/videos/{video['id']}", headers={"Prefer": "wait=60"})
        video = answer.json()
    ended = time.perf_counter()
    if video["status"] != "completed":
        sys.exit(f"The video failed: {video['error']}")
    clock.note("create to render begun", clock.asked_at - began)
    clock.note("render", clock.done_at - clock.asked_at)
    clock.note("ENGINE DONE TO COMPLETED", ended - clock.done_at)
    clock.note("CREATE TO COMPLETED", ended - began)


def _report(clock: Clock, *, skipped: int) -> None:
    print(f"{'milliseconds':40}{'p50':>8}{'p99':>8}{'max':>8}{'first':>9}")
    for name, times in clock.steps.items():
        counted = times[skipped:]
        print(
            f"{name:40}{statistics.median(counted):8.1f}{_at(counted, 0.99):8.1f}"
            f"{max(counted):8.1f}{times[0]:9.1f}"
        )


def _at(times: Collection[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


if __name__ == "__main__":
    main()
