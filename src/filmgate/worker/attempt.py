"""The attempt that a worker holds, as its engine sees it and as its heartbeat reports it."""

from dataclasses import dataclass
from pathlib import Path

from filmgate.core.errors import EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.video import Video
from filmgate.database import videos
from filmgate.database.connection import Database


@dataclass(slots=True, kw_only=True)
class HeldAttempt:
    """Implements the Attempt port. `percent` is what the next heartbeat will write."""

    video: Video
    database: Database
    workdir: Path
    references: tuple[Path, ...]
    token: Token | None
    percent: int = 0

    def progress(self, percent: float) -> None:
        self.percent = max(self.percent, self.video.advance(percent).progress)

    async def save(self, token: Token) -> None:
        async with self.database.connection() as connection:
            kept = await videos.save_token(
                connection, self.video.id, attempt=self.video.attempt, token=token
            )
        if not kept:
            raise EngineUnavailable("The attempt was superseded before it could be saved.")
        self.token = token
