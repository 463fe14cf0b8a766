"""A finished video's address: signed, so that whoever has it needs no key."""

from starlette.requests import Request

from filmgate.core.video import Video
from filmgate.http.services import Services


def base_url(services: Services, request: Request) -> str:
    """Scheme and host as the operator set them, else as this client addressed us; no slash at the end."""
    if services.public_url is not None:
        return services.public_url.rstrip("/")
    return f"{request.url.scheme}://{request.url.netloc}"


def video_url(services: Services, request: Request, *, video: Video) -> str | None:
    """None until there is a file. The link stays the same when the day is over, and then answers 410."""
    if video.asset is None or video.expires_at is None:
        return None
    link = services.signer.sign(video.asset.key, expires_at=video.expires_at)
    return f"{base_url(services, request)}{link}"
