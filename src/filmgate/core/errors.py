"""Every way in which filmgate says no.

A class carries a stable `code` and the facts that a client may see. What HTTP status it becomes is
decided at the edge, in `http/errors.py`; what a failed *render* says is data: see `video.Failure`.
"""

from datetime import timedelta
from typing import ClassVar


class FilmgateError(Exception):
    """The root of the hierarchy. The message is written for the person who made the request."""

    code: ClassVar[str] = "internal_error"

    @property
    def message(self) -> str:
        """What was wrong, with which value, and what would be right."""
        return str(self)


class InvalidRequest(FilmgateError):
    """A field of the request cannot be accepted as sent; `param` names it where one is to blame."""

    code: ClassVar[str] = "invalid_value"

    def __init__(self, param: str | None, reason: str) -> None:
        super().__init__(reason)
        self.param = param


class MalformedRequest(InvalidRequest):
    """The body is not the JSON or form that it claims to be."""

    code: ClassVar[str] = "invalid_request"


class ModelNotFound(InvalidRequest):
    """The catalogue has no model of this name."""

    code: ClassVar[str] = "model_not_found"


class InvalidImage(InvalidRequest):
    """The reference is not a still image that we accept."""

    code: ClassVar[str] = "invalid_image"


class ImageSizeMismatch(InvalidRequest):
    """The reference image does not have the size of the requested video."""

    code: ClassVar[str] = "image_size_mismatch"


class ImageUnreachable(InvalidRequest):
    """The reference image's address could not be fetched, or may not be dialled."""

    code: ClassVar[str] = "image_unreachable"


class InvalidFilm(InvalidRequest):
    """The uploaded video is none that we can work with."""

    code: ClassVar[str] = "invalid_video"


class RequestTooLarge(FilmgateError):
    """The body, or one part of it, is over its limit."""

    code: ClassVar[str] = "request_too_large"


class Unauthenticated(FilmgateError):
    """No key, or none that we know."""

    code: ClassVar[str] = "invalid_api_key"


class PermissionDenied(FilmgateError):
    """A known key without the right to do this."""

    code: ClassVar[str] = "permission_denied"


class InvalidSignature(FilmgateError):
    """A signed URL that we did not sign in this form."""

    code: ClassVar[str] = "invalid_signature"


class NotFound(FilmgateError):
    """There is no such thing, as far as this caller may know."""

    code: ClassVar[str] = "not_found"


class VideoNotFound(NotFound):
    """An unknown id, or another account's: the two must not be told apart."""

    code: ClassVar[str] = "video_not_found"

    def __init__(self, message: str = "No video with this id exists in your account.") -> None:
        super().__init__(message)


class CharacterNotFound(NotFound):
    """As VideoNotFound, of a character."""

    code: ClassVar[str] = "character_not_found"

    def __init__(self, message: str = "No character with this id exists in your account.") -> None:
        super().__init__(message)


class WebhookNotFound(NotFound):
    """As VideoNotFound, of a webhook endpoint."""

    code: ClassVar[str] = "webhook_not_found"

    def __init__(self) -> None:
        super().__init__("No webhook endpoint with this id exists in your account.")


class DeliveryNotFound(NotFound):
    """As VideoNotFound, of a webhook delivery."""

    code: ClassVar[str] = "delivery_not_found"

    def __init__(self) -> None:
        super().__init__("No delivery with this id exists in your account.")


class VideoNotReady(NotFound):
    """The content of a video that is still waiting or running."""

    code: ClassVar[str] = "video_not_ready"


class VideoExpired(FilmgateError):
    """The content's day is over; the record remains."""

    code: ClassVar[str] = "video_expired"


class BytesOutOfRange(FilmgateError):
    """A part of the content was asked for that begins behind its end."""

    code: ClassVar[str] = "range_not_satisfiable"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The content has {size_bytes} bytes, and none where the range begins.")
        self.size_bytes = size_bytes


class VideoHasFailed(FilmgateError):
    """The content of a video that has none, because its render failed: carries the video's own code."""

    code: ClassVar[str] = "video_failed"

    def __init__(self, failure_code: str, failure_message: str) -> None:
        super().__init__(failure_message)
        self.failure_code = failure_code


class Conflict(FilmgateError):
    """The request contradicts the state that the thing is in."""

    code: ClassVar[str] = "conflict"


class InvalidTransition(Conflict):
    """A change of status that the state machine does not allow."""

    code: ClassVar[str] = "invalid_transition"


class IdempotencyConflict(FilmgateError):
    """The idempotency key has made something else already: sending the same again cannot help."""

    code: ClassVar[str] = "idempotency_conflict"


class IdempotencyInProgress(FilmgateError):
    """An earlier request with the same idempotency key is not decided yet; `retry_after` says when to ask."""

    code: ClassVar[str] = "idempotency_in_progress"

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExceeded(FilmgateError):
    """The account may spend or store no more."""

    code: ClassVar[str] = "insufficient_quota"


class RateLimited(FilmgateError):
    """Too many requests; `retry_after` says when the next will be taken."""

    code: ClassVar[str] = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineError(FilmgateError):
    """An engine could not make the video. Caught by the worker; never seen by an HTTP client."""

    code: ClassVar[str] = "engine_failed"


class EngineUnavailable(EngineError):
    """This attempt ended without a verdict on the spec: another attempt may succeed."""


class EngineBusy(EngineUnavailable):
    """The engine has all that it can take for now, and has taken nothing: no fault of the video's."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineCrashed(EngineUnavailable):
    """The engine broke under this very video: its process died, or what it made does not play."""


class EngineFailed(EngineError):
    """No attempt will succeed. `failure_code` is the code that the video will carry."""

    def __init__(self, failure_code: str, message: str) -> None:
        super().__init__(message)
        self.failure_code = failure_code


class ServiceUnavailable(FilmgateError):
    """A part that we need is away for the moment; the same request may succeed later."""

    code: ClassVar[str] = "service_unavailable"


class StorageUnavailable(ServiceUnavailable):
    """The object store does not answer, or has no room left."""


class DatabaseUnavailable(ServiceUnavailable):
    """PostgreSQL does not answer, or has no room left."""


class OutcomeUnknown(DatabaseUnavailable):
    """PostgreSQL went away while it committed: what was written may be there, or not."""
