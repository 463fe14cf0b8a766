"""An engine that does what a test tells it to, one instruction a render; it passes the engines' contract."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt, RenderedFile, Seats, Token
from filmgate.core.spec import FRAMES_PER_SECOND, Size, VideoSpec
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes

Instruction = Callable[["ScriptedEngine", Attempt], Awaitable[None]]


def write_sample(path: Path, *, seconds: int = 1, size: Size = Size(64, 64)) -> None:  # noqa: B008
    """A small real MP4 with a changing picture and a silent track."""
    with Mp4Writer(path, size, preset="ultrafast") as writer:
        for number in range(seconds * FRAMES_PER_SECOND):
            y = np.full((size.height, size.width), 16 + number % 200, np.uint8)
            half = np.full((size.height // 2, size.width // 2), 128, np.uint8)
            writer.write_frame(Planes(y, half, half))
        writer.write_audio(np.zeros((2, seconds * SAMPLE_RATE), np.float32))


class ScriptedEngine:
    """Delivers `sample` in every render, after the instruction at the head of `script`, if any."""

    def __init__(self, sample: Path, *script: Instruction) -> None:
        self.sample = sample
        self.seats: Seats | None = None
        self.script = list(script)
        self.rendered: list[VideoSpec] = []
        self.forgotten: list[Token] = []
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.may_finish = asyncio.Event()

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        self.rendered.append(spec)
        self.started.set()
        try:
            if self.script:
                await self.script.pop(0)(self, attempt)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        attempt.progress(100)
        target = attempt.workdir / "out.mp4"
        await asyncio.to_thread(shutil.copyfile, self.sample, target)
        return RenderedFile(target)

    async def forget(self, token: Token) -> None:
        self.forgotten.append(token)

    async def check(self) -> None:
        """Always ready."""

    async def aclose(self) -> None:
        """Nothing to release."""


async def wait_until_told(engine: ScriptedEngine, attempt: Attempt) -> None:
    attempt.progress(40)
    await engine.may_finish.wait()


async def be_unavailable(engine: ScriptedEngine, attempt: Attempt) -> None:
    raise EngineUnavailable("the card fell off the bus")


async def fail(engine: ScriptedEngine, attempt: Attempt) -> None:
    raise EngineFailed("moderation_blocked", "The prompt was refused.")


async def have_a_bug(engine: ScriptedEngine, attempt: Attempt) -> None:
    raise ZeroDivisionError


async def save_a_token(engine: ScriptedEngine, attempt: Attempt) -> None:
    await attempt.save({"upstream": "job-7"})
    raise EngineUnavailable("lost the connection")


async def expect_the_token(engine: ScriptedEngine, attempt: Attempt) -> None:
    assert attempt.token == {"upstream": "job-7"}
