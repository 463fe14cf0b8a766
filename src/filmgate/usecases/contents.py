"""Contents: who may read a video's bytes, and the moment by which it is judged whether they are still there."""

from dataclasses import dataclass
from datetime import datetime

from filmgate.core.account import AccountId
from filmgate.core.errors import VideoNotFound
from filmgate.core.video import Video, VideoId
from filmgate.database import videos
from filmgate.database.connection import Database


@dataclass(frozen=True, slots=True)
class Sight:
    """What there was, at a moment of the database's clock."""

    found: Video | None
    at: datetime

    def own(self, account_id: AccountId) -> Video:
        """Raises VideoNotFound."""
        if self._kept is None or self._kept.account_id != account_id:
            raise VideoNotFound
        return self._kept

    def linked(self) -> Video:
        """Whoever holds a verified signed URL may see the video, until it is deleted. Raises VideoNotFound."""
        if self._kept is None:
            raise VideoNotFound("There is no video behind this link any more.")
        return self._kept

    @property
    def _kept(self) -> Video | None:
        return self.found if self.found and self.found.deleted_at is None else None


async def look(database: Database, video_id: VideoId) -> Sight:
    """For one of `own` and `linked` to judge."""
    async with database.connection() as connection:
        return Sight(*await videos.find_at(connection, video_id))
