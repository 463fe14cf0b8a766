"""Everything that a client raises on purpose."""

from filmgate.calling.values import Failure, Video


class ClientError(Exception):
    """The root of everything that a client raises on purpose."""


class ConnectionFailed(ClientError):
    """No answer came, however often it was tried."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"Cannot reach {url}: {reason}.")
        self.url = url


class UnexpectedAnswer(ClientError):
    """An answer came that no filmgate server gives: a proxy's page, say, or another program's."""


class APIError(ClientError):
    """The server said no. The message is the server's own."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id


class InvalidRequestError(APIError):
    """Something in the request, which `param` names, cannot be accepted; or its idempotency key was used before."""


class AuthenticationError(APIError):
    """No API key was sent, or none that the server knows."""


class PermissionDeniedError(APIError):
    """The API key may not do this."""


class NotFoundError(APIError):
    """There is no such video, or its bytes are not there: not yet (404) or no longer (410)."""


class ConflictError(APIError):
    """The request contradicts the state that the video is in, or the same one is still being worked on."""


class RateLimitError(APIError):
    """Too many requests, or the quota is used up: `code` tells which."""


class ServerError(APIError):
    """The server is at fault or away; the same request may succeed later."""


class VideoFailed(ClientError):
    """The video that was waited for has failed."""

    def __init__(self, video: Video) -> None:
        failure = video.error or Failure(video.status, "The server gave no reason.")
        super().__init__(f"Video {video.id} failed: {failure.message} ({failure.code})")
        self.video = video


class WaitTimeout(ClientError):
    """The video was not finished in time. It goes on; `video` is how it was last seen."""

    def __init__(self, video: Video) -> None:
        super().__init__(f"Video {video.id} is still {video.status} ({video.progress} %).")
        self.video = video
