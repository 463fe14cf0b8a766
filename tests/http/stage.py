"""What the tests of the HTTP edge stand on: an engine, a small web, and a worker's hand for the rows."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from filmgate.core.account import AccountId
from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt, ObjectStore, RenderedFile, Token
from filmgate.core.spec import ObjectKey, VideoSpec
from filmgate.core.video import Asset, Failure, Variant, Video
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.http.bodies.room import Room, Share
from filmgate.http.ids import parse_id
from filmgate.net.errors import FetchFailed

FILM = bytes(range(256)) * 400
"""Stands for an MP4: nothing on the way out looks inside."""

THUMBNAIL, SHEET = b"RIFF....WEBP", b"\xff\xd8\xff"

DAY = timedelta(days=1)

UNKNOWN = "0" * 26
"""The id of a video that never was, without a prefix."""


def picture(width: int = 720, height: int = 1280, *, kind: str = "PNG") -> bytes:
    """A plain image of that size."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (30, 90, 150)).save(buffer, kind)
    return buffer.getvalue()


def plenty() -> Share:
    """Room for any body that a test sends."""
    return Share(Room(of_account=10**12, in_all=10**12), AccountId(1))


@dataclass
class IdleEngine:
    """Renders nothing; says whether it could."""

    is_away: bool = False
    seats = None

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        raise EngineFailed("engine_failed", "This engine renders nothing.")

    async def forget(self, token: Token) -> None:
        """Nothing goes on elsewhere."""

    async def check(self) -> None:
        if self.is_away:
            raise EngineUnavailable("The engine is away.")

    async def aclose(self) -> None:
        pass


@dataclass
class Web:
    """The addresses that `fetch` finds; the others cannot be reached."""

    pages: dict[str, bytes] = field(default_factory=dict)

    async def fetch(self, url: str) -> bytes:
        if url not in self.pages:
            raise FetchFailed("The host does not answer.")
        return self.pages[url]


@dataclass(frozen=True)
class Stage:
    """Puts videos where a worker would have brought them."""

    database: Database
    store: ObjectStore

    async def begin(self, wire_id: str, *, percent: float = 0) -> Video:
        video = await self._change(wire_id, lambda v: v.claim(at=datetime.now(UTC)))
        return await self._change(wire_id, lambda _: video.advance(percent))

    async def complete(
        self,
        wire_id: str,
        *,
        duration: float = 8.0,
        at: datetime | None = None,
        film: bytes = FILM,
        has_pictures: bool = True,
    ) -> Video:
        video = await self.begin(wire_id)
        key = ObjectKey(f"videos/{video.id}/{video.attempt}/video.mp4")
        asset = Asset(key=key, size_bytes=len(film), duration=duration, has_pictures=has_pictures)
        objects = {Variant.VIDEO: film, Variant.THUMBNAIL: THUMBNAIL, Variant.SPRITESHEET: SHEET}
        for variant, data in objects.items():
            if asset.has(variant):
                await self.store.put_bytes(asset.key_of(variant), data)
        moment = at or datetime.now(UTC)
        return await self._change(wire_id, lambda v: v.complete(asset, at=moment, keep_for=DAY))

    async def fail(self, wire_id: str, failure: Failure) -> Video:
        return await self._change(wire_id, lambda v: v.fail(failure, at=datetime.now(UTC)))

    async def supersede(self, video: Video) -> None:
        """Another attempt's file takes the place of the one that the video has."""
        assert video.asset is not None
        key = ObjectKey(f"videos/{video.id}/{video.attempt + 1}/video.mp4")
        await self.store.put_bytes(key, FILM)
        async with self.database.connection() as connection:
            await videos.update(
                connection, video, replace(video, asset=replace(video.asset, key=key))
            )

    async def _change(self, wire_id: str, change: Callable[[Video], Video]) -> Video:
        async with self.database.transaction() as connection:
            before = await videos.lock(connection, parse_id(wire_id))
            assert before is not None
            after = change(before)
            await videos.update(connection, before, after)
        return after


@dataclass(frozen=True)
class Traces:
    """What a create leaves behind."""

    database: Database
    folder: Path

    async def left(self) -> tuple[int, int, list[str]]:
        """Rows, those of them that wait or run, and objects."""
        async with self.database.connection() as connection:
            rows = await connection.fetchval("select count(*) from video")
            jobs = await connection.fetchval(
                "select count(*) from video where status in ('queued', 'in_progress')"
            )
        objects = [path.name for path in self.folder.rglob("*") if path.is_file()]
        return rows, jobs, objects
