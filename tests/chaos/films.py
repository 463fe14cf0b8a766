"""Every film that is kept is fetched by its link, and some of them are looked at as a player would."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx2

from filmgate.media.probe import UnplayableFile, probe
from tests.chaos.records import VideoRecord

PROBED = 12
AT_ONCE = 4
FETCH_SECONDS = 20.0


class Screening:
    """Fetches with each account's own key, from any API."""

    def __init__(
        self, keys: Mapping[str, str], urls: Callable[[], Sequence[str]], rng: random.Random
    ) -> None:
        self._keys = keys
        self._urls = urls
        self._rng = rng

    async def look_at(self, videos: Sequence[VideoRecord], folder: Path) -> dict[str, str | None]:
        """What is wrong with each of the films, if anything."""
        probed = {video.id for video in self._rng.sample(videos, min(PROBED, len(videos)))}
        room = asyncio.Semaphore(AT_ONCE)
        async with httpx2.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=True) as http:

            async def look(video: VideoRecord) -> tuple[str, str | None]:
                async with room:
                    path = folder / f"{video.id}.mp4" if video.id in probed else None
                    return video.id, await self._problem(http, video, path)

            return dict(await asyncio.gather(*map(look, videos)))

    async def _problem(
        self, http: httpx2.AsyncClient, video: VideoRecord, path: Path | None
    ) -> str | None:
        try:
            film = await self._fetch(http, video)
        except (httpx2.HTTPError, KeyError, ValueError) as error:
            return f"it cannot be fetched by its link: {error!r}"
        if len(film) != video.file_bytes:
            return f"its link gave {len(film)} bytes, and {video.file_bytes} are noted"
        if path is None:
            return None
        await asyncio.to_thread(path.write_bytes, film)
        try:
            await asyncio.to_thread(probe, path)
        except UnplayableFile as error:
            return str(error)
        await asyncio.to_thread(path.unlink)
        return None

    async def _fetch(self, http: httpx2.AsyncClient, video: VideoRecord) -> bytes:
        base = self._rng.choice(self._urls())
        headers = {"Authorization": f"Bearer {self._keys[video.account]}"}
        answer = await http.get(f"{base}/v1/result/sora_{video.id}", headers=headers)
        answer.raise_for_status()
        film = await http.get(answer.json()["video_url"])
        film.raise_for_status()
        return film.content
