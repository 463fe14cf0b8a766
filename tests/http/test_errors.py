"""The table of contracts §5: every error has an answer in every dialect, and they all look alike."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx2
import pytest

from filmgate.core import errors
from filmgate.core.errors import EngineError, EngineFailed, FilmgateError
from filmgate.http.bodies.patience import RequestTimedOut
from filmgate.http.dialects.newapi import errors as newapi_errors
from filmgate.http.dialects.openai import errors as openai_errors
from filmgate.http.dialects.relay import errors as relay_errors
from filmgate.http.errors import TABLE, Refusal, refusal_of
from filmgate.http.routing import MethodNotAllowed
from filmgate.media.errors import MediaStarved, MediaUnavailable
from filmgate.moderation.errors import ImageRejected, ModerationUnavailable, PromptBlocked
from filmgate.usecases.candidates import AccountBusy

DIALECTS: list[Callable[[Refusal], str]] = [
    openai_errors.write,
    relay_errors.write,
    newapi_errors.write,
]

TOLD: dict[type[FilmgateError], tuple[FilmgateError, int, str]] = {
    errors.InvalidRequest: (errors.InvalidRequest("size", "?"), 400, "invalid_value"),
    errors.MalformedRequest: (errors.MalformedRequest(None, "?"), 400, "invalid_request"),
    errors.ModelNotFound: (errors.ModelNotFound("model", "?"), 400, "model_not_found"),
    errors.InvalidImage: (errors.InvalidImage("image_urls", "?"), 400, "invalid_image"),
    errors.ImageSizeMismatch: (errors.ImageSizeMismatch("x", "?"), 400, "image_size_mismatch"),
    errors.ImageUnreachable: (errors.ImageUnreachable("x", "?"), 400, "image_unreachable"),
    errors.InvalidFilm: (errors.InvalidFilm("video", "?"), 400, "invalid_video"),
    errors.RequestTooLarge: (errors.RequestTooLarge("?"), 413, "request_too_large"),
    errors.Unauthenticated: (errors.Unauthenticated("?"), 401, "invalid_api_key"),
    errors.PermissionDenied: (errors.PermissionDenied("?"), 403, "permission_denied"),
    errors.InvalidSignature: (errors.InvalidSignature("?"), 403, "invalid_signature"),
    errors.NotFound: (errors.NotFound("?"), 404, "not_found"),
    errors.VideoNotFound: (errors.VideoNotFound(), 404, "video_not_found"),
    errors.WebhookNotFound: (errors.WebhookNotFound(), 404, "webhook_not_found"),
    errors.DeliveryNotFound: (errors.DeliveryNotFound(), 404, "delivery_not_found"),
    errors.CharacterNotFound: (errors.CharacterNotFound(), 404, "character_not_found"),
    errors.VideoNotReady: (errors.VideoNotReady("?"), 404, "video_not_ready"),
    errors.VideoExpired: (errors.VideoExpired("?"), 410, "video_expired"),
    errors.BytesOutOfRange: (errors.BytesOutOfRange(9), 416, "range_not_satisfiable"),
    errors.VideoHasFailed: (errors.VideoHasFailed("image_rejected", "?"), 422, "image_rejected"),
    errors.Conflict: (errors.Conflict("?"), 409, "conflict"),
    errors.InvalidTransition: (errors.InvalidTransition("?"), 409, "invalid_transition"),
    errors.IdempotencyConflict: (errors.IdempotencyConflict("?"), 422, "idempotency_conflict"),
    errors.IdempotencyInProgress: (
        errors.IdempotencyInProgress("?", retry_after=timedelta(milliseconds=1_500)),
        409,
        "idempotency_in_progress",
    ),
    errors.QuotaExceeded: (errors.QuotaExceeded("?"), 429, "insufficient_quota"),
    errors.RateLimited: (
        errors.RateLimited("?", retry_after=timedelta(milliseconds=1_500)),
        429,
        "rate_limit_exceeded",
    ),
    errors.ServiceUnavailable: (errors.ServiceUnavailable("?"), 503, "service_unavailable"),
    errors.StorageUnavailable: (errors.StorageUnavailable("?"), 503, "service_unavailable"),
    errors.DatabaseUnavailable: (errors.DatabaseUnavailable("?"), 503, "service_unavailable"),
    MediaStarved: (MediaStarved("?"), 503, "service_unavailable"),
    MediaUnavailable: (MediaUnavailable("?"), 503, "service_unavailable"),
    ModerationUnavailable: (ModerationUnavailable("?"), 503, "service_unavailable"),
    PromptBlocked: (PromptBlocked("prompt list"), 400, "moderation_blocked"),
    ImageRejected: (ImageRejected("image_urls", "?"), 400, "image_rejected"),
    RequestTimedOut: (RequestTimedOut("?"), 408, "request_timeout"),
    MethodNotAllowed: (MethodNotAllowed("PUT", frozenset({"GET"})), 405, "method_not_allowed"),
    AccountBusy: (AccountBusy("?"), 503, "service_unavailable"),
    errors.OutcomeUnknown: (errors.OutcomeUnknown("?"), 503, "service_unavailable"),
}


def descendants(cls: type[FilmgateError]) -> Iterator[type[FilmgateError]]:
    for child in cls.__subclasses__():
        yield child
        yield from descendants(child)


def test_every_error_that_can_reach_a_client_has_an_answer() -> None:
    # An engine's error is caught by the worker and becomes data on the video.
    reaching = {cls for cls in descendants(FilmgateError) if not issubclass(cls, EngineError)}
    unanswered = [cls for cls in reaching if not any(base in TABLE for base in cls.__mro__)]
    assert unanswered == []
    assert reaching == set(TOLD)


@pytest.mark.parametrize("write", DIALECTS)
@pytest.mark.parametrize(("error", "status", "code"), TOLD.values())
def test_every_dialect_tells_status_and_code(
    write: Callable[[Refusal], str], error: FilmgateError, status: int, code: str
) -> None:
    refusal = refusal_of(error)
    body = json.loads(write(refusal))
    assert refusal.status == status
    assert list(body["error"]) == ["message", "type", "param", "code"]
    assert body["error"]["code"] == code
    assert body["error"]["message"] == error.message
    assert body["error"]["type"] == refusal.type
    assert body["error"]["param"] == getattr(error, "param", None)


def test_the_relay_says_the_sentence_at_the_top_too() -> None:
    body = json.loads(relay_errors.write(refusal_of(errors.NotFound("Nothing here."))))
    assert body["message"] == "Nothing here."


def test_an_engine_error_is_not_for_clients() -> None:
    error = EngineFailed("engine_failed", "inner workings")
    with pytest.raises(EngineFailed):
        refusal_of(error)


@pytest.mark.parametrize("cls", [errors.RateLimited, errors.IdempotencyInProgress])
def test_what_passes_says_how_long_in_seconds_and_milliseconds(cls: type[FilmgateError]) -> None:
    headers = refusal_of(TOLD[cls][0]).headers
    assert headers == {"retry-after": "2", "retry-after-ms": "1500"}


@pytest.mark.parametrize(
    "cls",
    [
        errors.Conflict,
        errors.IdempotencyConflict,
        errors.InvalidTransition,
        errors.QuotaExceeded,
    ],
)
def test_what_retrying_cannot_mend_says_so(cls: type[FilmgateError]) -> None:
    assert refusal_of(TOLD[cls][0]).headers == {"x-should-retry": "false"}


@pytest.mark.parametrize("base", ["", "/kyyReactApiServer", "/kyyAiPower"])
@pytest.mark.parametrize(
    ("method", "path", "status", "code", "is_relay"),
    [
        ("GET", "/nothing", 404, "not_found", False),
        ("GET", "/", 404, "not_found", False),
        ("GET", "/v1/videos/", 404, "not_found", False),
        ("GET", "/v1/sora/nothing", 404, "not_found", True),
        ("PUT", "/v1/videos", 405, "method_not_allowed", False),
        ("PATCH", "/v1/videos/video_x", 405, "method_not_allowed", False),
        ("PATCH", "/v1/videos/sora_x", 405, "method_not_allowed", True),
        ("GET", "/v1/sora/videos", 405, "method_not_allowed", True),
        ("DELETE", "/sora/videos", 405, "method_not_allowed", True),
        ("POST", "/v1/result/sora_x", 405, "method_not_allowed", True),
    ],
)
async def test_unknown_routes_and_wrong_methods_answer_in_the_envelope(
    anonymous: httpx2.AsyncClient,
    *,
    base: str,
    method: str,
    path: str,
    status: int,
    code: str,
    is_relay: bool,
) -> None:
    answer = await anonymous.request(method, f"{base}{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert ("message" in answer.json()) is is_relay


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/videos", "GET, POST"),
        ("/v1/videos/video_x", "DELETE, GET"),
        ("/v1/videos/sora_x", "DELETE, GET"),
        ("/v1/videos/video_x/content", "GET, HEAD"),
        ("/v1/sora/videos", "POST"),
    ],
)
async def test_a_wrong_method_is_told_all_the_right_ones(
    anonymous: httpx2.AsyncClient, path: str, allowed: str
) -> None:
    answer = await anonymous.put(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
