"""A video's bytes, and the signed URLs under which anyone may fetch them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from filmgate.core.errors import VideoExpired, VideoHasFailed, VideoNotFound, VideoNotReady
from filmgate.core.ports import RemoteUrl
from filmgate.core.video import Asset, Video, VideoId
from filmgate.http.endpoints import Endpoint
from filmgate.http.services import Services
from filmgate.usecases import videos

_REMOTE_LINK_LIFE = timedelta(minutes=5)
_VIDEO_KEY = re.compile(r"videos/([0-9a-z]{26})/\d+/video\.mp4", re.ASCII)
_MP4 = "video/mp4"


@dataclass(frozen=True, slots=True)
class SignedFiles:
    """`GET /files/{key}`: no Authorization header, the signature is the right."""

    services: Services

    async def retrieve(self, request: Request) -> Response:
        key = self.services.signer.verify(
            request.path_params["key"],
            request.scope["query_string"].decode("latin-1"),
            now=datetime.now(UTC),
        )
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


async def send_content(
    services: Services,
    request: Request,
    *,
    video: Video,
    disposition: str,
    wire_id: str | None = None,
) -> Response:
    """The MP4, or the reason why there is none: VideoNotReady, VideoHasFailed or VideoExpired."""
    asset, life = _available(video, now=datetime.now(UTC))
    place = await services.store.locate(asset.key, valid_for=min(life, _REMOTE_LINK_LIFE))
    headers = {
        "cache-control": f"private, max-age={int(life.total_seconds())}",
        "etag": _etag(asset),
        "x-content-type-options": "nosniff",
    }
    file_name = f"{wire_id or video.id}.mp4"
    if isinstance(place, RemoteUrl):
        return _elsewhere(place, request.method, asset=asset, headers=headers)
    return FileResponse(
        place.path,
        headers=headers,
        media_type=_MP4,
        filename=file_name,
        content_disposition_type=disposition,
    )


def _etag(asset: Asset) -> str:
    """The key names video and attempt, and what an attempt stored is never changed."""
    return f'"{asset.key.removeprefix("videos/").removesuffix("/video.mp4").replace("/", "-")}"'


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


def _elsewhere(place: RemoteUrl, method: str, *, asset: Asset, headers: dict[str, str]) -> Response:
    if method == "HEAD":
        # A cloud store's URL is signed for GET alone.
        known = {"content-length": str(asset.size_bytes), "accept-ranges": "bytes"}
        return Response(headers={**headers, **known}, media_type=_MP4)
    return RedirectResponse(place.url, status_code=302, headers={"cache-control": "no-store"})
