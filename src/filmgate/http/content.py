"""A video's bytes, and the signed URLs under which anyone may fetch them."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    MalformedRangeHeader,
    RangeNotSatisfiable,
    RedirectResponse,
    Response,
)

from filmgate.core.errors import (
    BytesOutOfRange,
    NotFound,
    VideoExpired,
    VideoHasFailed,
    VideoNotFound,
    VideoNotReady,
)
from filmgate.core.ports import RemoteUrl
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Asset, Variant, Video, VideoId
from filmgate.http.conditional import is_known
from filmgate.http.endpoints import Endpoint
from filmgate.http.services import Services
from filmgate.storage.links import PATH_PREFIX
from filmgate.usecases import videos

_VIDEO_KEY = re.compile(r"videos/([0-9a-z]{26})/\d+/video\.mp4", re.ASCII)
_MEDIA_TYPES = {
    Variant.VIDEO: "video/mp4",
    Variant.THUMBNAIL: "image/webp",
    Variant.SPRITESHEET: "image/jpeg",
}


@dataclass(frozen=True, slots=True)
class SignedFiles:
    """`GET /files/{key}`: no Authorization header, the signature is the right."""

    services: Services

    async def retrieve(self, request: Request) -> Response:
        link = self.services.signer.read(
            _key_as_sent(request), request.scope["query_string"].decode("latin-1")
        )
        link.check(now=await self.services.database.now())
        key = link.key
        match = _VIDEO_KEY.fullmatch(key)
        if match is None:
            raise VideoNotFound
        video = await videos.retrieve_for_link(self.services.database, VideoId(match[1]))
        if video.asset is None or video.asset.key != key:
            raise VideoNotFound  # a later attempt took the place of this one
        return await send_content(self.services, request, video=video, disposition="inline")

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/files/{key:path}", self.retrieve),
            Endpoint("HEAD", "/files/{key:path}", self.retrieve),
        ]


def _key_as_sent(request: Request) -> str:
    """Undecoded: a key needs no escaping, so a link that has any was written by somebody else."""
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1").removeprefix(PATH_PREFIX)


async def send_content(
    services: Services,
    request: Request,
    *,
    video: Video,
    disposition: str,
    variant: Variant = Variant.VIDEO,
    wire_id: str | None = None,
) -> Response:
    """The bytes, or the reason why there are none: VideoNotReady, VideoHasFailed or VideoExpired."""
    asset, life = _available(video, now=await services.database.now())
    if not asset.has(variant):
        raise NotFound(f"Of this video there is no {variant}; it was made before there were any.")
    key = asset.key_of(variant)
    etag = _etag(key)
    headers = {
        "cache-control": f"private, max-age={int(life.total_seconds())}",
        "etag": etag,
        "x-content-type-options": "nosniff",
    }
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    try:
        place = await services.store.locate(key, valid_for=life)
        if isinstance(place, RemoteUrl):
            return _elsewhere(place, request.method, variant=variant, asset=asset, headers=headers)
        facts = await asyncio.to_thread(place.path.stat)
    except (NotFound, FileNotFoundError) as error:
        # Deleted in this moment, or by other hands than ours.
        raise VideoExpired("The content is not stored any more.") from error
    return _StoredFile(
        place.path,
        stat_result=facts,
        headers=headers,
        media_type=_MEDIA_TYPES[variant],
        filename=f"{wire_id or video.id}{Path(variant.file_name).suffix}",
        content_disposition_type=disposition,
    )


class _StoredFile(FileResponse):
    """Starlette's, but that it says no in our words, and takes for no range what is none (RFC 9110)."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable as error:
            raise BytesOutOfRange(file_size) from error


def _etag(key: ObjectKey) -> str:
    """The key names video, attempt and variant, and what an attempt stored is never changed."""
    return f'"{key.removeprefix("videos/").replace("/", "-")}"'


def _available(video: Video, *, now: datetime) -> tuple[Asset, timedelta]:
    """The asset and how long it will still be there."""
    if video.failure is not None:
        raise VideoHasFailed(video.failure.code, video.failure.message)
    if video.asset is None or video.expires_at is None:
        raise VideoNotReady(
            f"The video is {video.status}; its content exists once it is completed."
        )
    if video.is_expired(at=now):
        moment = video.expires_at.isoformat(timespec="seconds")
        raise VideoExpired(f"The content was kept until {moment}; only the record remains.")
    return video.asset, video.expires_at - now


def _elsewhere(
    place: RemoteUrl, method: str, *, variant: Variant, asset: Asset, headers: dict[str, str]
) -> Response:
    if method == "HEAD":
        # A cloud store's URL is signed for GET alone.
        known = {"accept-ranges": "bytes"}
        if variant is Variant.VIDEO:
            known["content-length"] = str(asset.size_bytes)
        return Response(headers={**headers, **known}, media_type=_MEDIA_TYPES[variant])
    return RedirectResponse(place.url, status_code=302, headers={"cache-control": "no-store"})
