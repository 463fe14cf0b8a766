"""A video's bytes, and the signed URLs under which anyone may fetch them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from filmgate.core.errors import (
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
from filmgate.http.stored_file import StoredFile, left_to_the_proxy
from filmgate.storage.links import PATH_PREFIX
from filmgate.usecases import contents

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
        match = _VIDEO_KEY.fullmatch(link.key)
        if match is None:
            raise VideoNotFound
        sight = await contents.look(self.services.database, VideoId(match[1]))
        link.check(now=sight.at)
        video = sight.linked()
        if video.asset is None or video.asset.key != link.key:
            raise VideoNotFound  # a later attempt took the place of this one
        content = Content(video=video, at=sight.at, disposition="inline")
        return await send_content(self.services, request, content)

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/files/{key:path}", self.retrieve),
            Endpoint("HEAD", "/files/{key:path}", self.retrieve),
        ]


def _key_as_sent(request: Request) -> str:
    """Undecoded: a key needs no escaping, so a link that has any was written by somebody else."""
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1").removeprefix(PATH_PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is to be sent, judged by how things stood `at` that moment of the database's clock."""

    video: Video
    at: datetime
    disposition: Literal["inline", "attachment"]
    variant: Variant = Variant.VIDEO
    wire_id: str | None = None

    @property
    def file_name(self) -> str:
        return f"{self.wire_id or self.video.id}{Path(self.variant.file_name).suffix}"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self.variant]


async def send_content(services: Services, request: Request, content: Content) -> Response:
    """The bytes, or the reason why there are none: VideoNotReady, VideoHasFailed or VideoExpired."""
    services.sightings.note(content.video)
    asset, life = _available(content.video, now=content.at)
    if not asset.has(content.variant):
        raise NotFound(
            f"Of this video there is no {content.variant}; it was made before there were any."
        )
    key = asset.key_of(content.variant)
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
            return _elsewhere(place, request.method, content=content, headers=headers)
        file = await _stored(services, place.path, content=content, headers=headers)
    except (NotFound, FileNotFoundError) as error:
        # Deleted in this moment, or by other hands than ours.
        raise VideoExpired("The content is not stored any more.") from error
    if services.x_accel_prefix is None:
        return file
    return left_to_the_proxy(file, f"{services.x_accel_prefix}{key}")


async def _stored(
    services: Services, path: Path, *, content: Content, headers: dict[str, str]
) -> StoredFile:
    return StoredFile(
        path,
        reads=services.file_reads,
        facts=await services.file_reads.stat(path),
        headers=headers,
        media_type=content.media_type,
        filename=content.file_name,
        content_disposition_type=content.disposition,
    )


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
    place: RemoteUrl, method: str, *, content: Content, headers: dict[str, str]
) -> Response:
    if method == "HEAD":
        # A cloud store's URL is signed for GET alone.
        known = {"accept-ranges": "bytes"}
        if content.variant is Variant.VIDEO and content.video.asset is not None:
            known["content-length"] = str(content.video.asset.size_bytes)
        return Response(headers={**headers, **known}, media_type=content.media_type)
    return RedirectResponse(place.url, status_code=302, headers={"cache-control": "no-store"})
