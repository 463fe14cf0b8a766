"""The attempt that a worker holds, as its engine sees it and as its heartbeat reports it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from filmgate.core.errors import EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Video
from filmgate.database import resume_points, videos
from filmgate.database.connection import Database
from filmgate.usecases.inputs import Inputs


@dataclass(slots=True, kw_only=True)
class HeldAttempt:
    """Implements the Attempt port. `percent` is what the next heartbeat will write."""

    video: Video
    database: Database
    workdir: Path
    token: Token | None
    inputs: Inputs = field(default_factory=Inputs)
    percent: int = 0
    told_percent: int = 0

    @property
    def references(self) -> tuple[Path, ...]:
        return self.inputs.references

    @property
    def portraits(self) -> tuple[Path, ...]:
        return self.inputs.portraits

    @property
    def continues(self) -> VideoSpec | None:
        return self.inputs.continues

    def has_news(self) -> bool:
        """Whether there was progress since this was asked last."""
        before, self.told_percent = self.told_percent, self.percent
        return self.percent > before

    def progress(self, percent: float) -> None:
        self.percent = max(self.percent, self.video.advance(percent).progress)

    async def save(self, token: Token) -> None:
        async with self.database.transaction() as connection:
            await resume_points.lock_job(connection, token)
            kept = await videos.save_token(
                connection, self.video.id, attempt=self.video.attempt, token=token
            )
            if not kept:
                await resume_points.note_late(connection, self.video.id, token)
        self._go_on_with(token, kept=kept)

    async def unclaimed(self, url: str, ids: Collection[str]) -> list[str]:
        async with self.database.connection() as connection:
            return await resume_points.unclaimed(connection, self.video.id, url=url, ids=ids)

    async def claim(self, token: Token) -> bool:
        async with self.database.transaction() as connection:
            await resume_points.lock_job(connection, token)
            if not await resume_points.is_free(connection, self.video.id, token):
                return False
            kept = await videos.save_token(
                connection, self.video.id, attempt=self.video.attempt, token=token
            )
        self._go_on_with(token, kept=kept)
        return True

    def _go_on_with(self, token: Token, *, kept: bool) -> None:
        if not kept:
            raise EngineUnavailable("The attempt was superseded before it could be saved.")
        self.token = token
