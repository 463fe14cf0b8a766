"""The attempt that a worker holds, as its engine sees it and as its heartbeat reports it."""

import asyncio
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from filmgate.core.errors import EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Video
from filmgate.database import resume_points, videos
from filmgate.usecases import inputs
from filmgate.usecases.inputs import Inputs
from filmgate.usecases.time_limit import TimeLimit
from filmgate.worker.workshop import Workshop


def _nobody_listens() -> None:
    """For engines that make their videos here."""


@dataclass(slots=True, kw_only=True)
class HeldAttempt:
    """Implements the Attempt port. `percent` is what the next heartbeat will write.

    Thousands may wait for jobs elsewhere: there is a folder only while something is in it, and whatever was to be
    sent there goes once the job is accepted.
    """

    video: Video
    shop: Workshop
    token: Token | None
    on_accepted: Callable[[], None] = _nobody_listens
    inputs: Inputs = field(default_factory=Inputs)
    limit: TimeLimit = field(init=False)
    percent: int = 0
    told_percent: int = 0
    has_room: bool = False
    has_folder: bool = False

    def __post_init__(self) -> None:
        self.limit = TimeLimit(self.shop.time_limit)

    @property
    def workdir(self) -> Path:
        folder = self._folder
        if not self.has_folder:
            folder.mkdir(mode=0o700)
            self.has_folder = True
        return folder

    @property
    def references(self) -> tuple[Path, ...]:
        return self.inputs.references

    @property
    def portraits(self) -> tuple[Path, ...]:
        return self.inputs.portraits

    @property
    def continues(self) -> VideoSpec | None:
        return self.inputs.continues

    @property
    def is_accepted(self) -> bool:
        """Whether its job is elsewhere and has a name."""
        return self.token is not None and "id" in self.token

    @property
    def has_news(self) -> bool:
        """Whether there was progress since it was told last."""
        return self.percent > self.told_percent

    def progress(self, percent: float) -> None:
        self.percent = max(self.percent, self.video.advance(percent).progress)

    async def bring_inputs(self) -> None:
        """Raises EngineError when something that the spec names is lost or broken."""
        spec = self.video.spec
        if not spec.has_inputs and not spec.characters:
            return
        if self.is_accepted:
            self.inputs = inputs.of_job(spec, into=self._folder)
            return
        self.inputs = await inputs.gather(
            self.shop.database,
            spec,
            store=self.shop.store,
            bench=self.shop.bench,
            into=self.workdir,
        )

    async def take_room(self) -> None:
        with self.limit.paused():
            await self._rooms.acquire()
        self.has_room = True
        if self.inputs.before is not None:
            await inputs.bring_source(self.video.spec, store=self.shop.store, into=self.workdir)

    async def leave(self) -> None:
        """Nothing of it stays on this machine. To be called once."""
        try:
            await self._empty()
        finally:
            if self.has_room:
                self._rooms.release()

    async def save(self, token: Token) -> None:
        async with self.shop.database.transaction() as connection:
            await resume_points.lock_job(connection, token)
            kept = await videos.save_token(
                connection, self.video.id, attempt=self.video.attempt, token=token
            )
            if not kept:
                await resume_points.note_late(connection, self.video.id, token)
        await self._go_on_with(token, kept=kept)

    async def unclaimed(self, url: str, ids: Collection[str]) -> list[str]:
        async with self.shop.database.connection() as connection:
            return await resume_points.unclaimed(connection, self.video.id, url=url, ids=ids)

    async def claim(self, token: Token) -> bool:
        async with self.shop.database.transaction() as connection:
            await resume_points.lock_job(connection, token)
            if not await resume_points.is_free(connection, self.video.id, token):
                return False
            kept = await videos.save_token(
                connection, self.video.id, attempt=self.video.attempt, token=token
            )
        await self._go_on_with(token, kept=kept)
        return True

    async def _go_on_with(self, token: Token, *, kept: bool) -> None:
        if not kept:
            raise EngineUnavailable("The attempt was superseded before it could be saved.")
        self.token = token
        if self.is_accepted:
            self.on_accepted()
            self.inputs = inputs.of_job(self.video.spec, into=self._folder)
            await self._empty()

    @property
    def _rooms(self) -> asyncio.Semaphore:
        return self.shop.rooms[self.video.spec.engine]

    @property
    def _folder(self) -> Path:
        return self.shop.scratch / f"attempt-{self.video.id}-{self.video.attempt}"

    async def _empty(self) -> None:
        if self.has_folder:
            self.has_folder = False
            await asyncio.to_thread(_remove, self._folder)


def _remove(folder: Path) -> None:
    """Gone already is fine too: a tool of the engine's may just be removing its own."""
    shutil.rmtree(folder, onerror=_note)


def _note(_function: object, _path: str, failure: tuple[object, BaseException, object]) -> None:
    if not isinstance(failure[1], FileNotFoundError):
        raise failure[1]
