"""Examples for the OpenAPI description: the life of one video, in the words of the relay's documents."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from filmgate.core.errors import (
    FilmgateError,
    InvalidRequest,
    InvalidTransition,
    PermissionDenied,
    RateLimited,
    RequestTooLarge,
    ServiceUnavailable,
    Unauthenticated,
    VideoExpired,
    VideoHasFailed,
    VideoNotFound,
)
from filmgate.http.bodies.patience import RequestTimedOut
from filmgate.http.errors import Refusal, internal_error, refusal_of

Example = Mapping[str, object]

RELAY_ID = "sora_01jbqk5v3xw8e9r2t4y6m8n0pq"
VIDEO_ID = "video_01jbqk5v3xw8e9r2t4y6m8n0pq"
CHARACTER_ID = "char_01jbqk5v3xw8e9r2t4y6m8n0pq"
PROMPT = "A cat dancing in the rain, cinematic style"

_LINK = "https://films.example.com/files/videos/01jbqk5v3xw8e9r2t4y6m8n0pq/1/video.mp4?v=1&kid=…"

_ORDERED = {"model": "openAiSora2Plus", "prompt": PROMPT, "aspect_ratio": "16:9", "seconds": 8}

_REQUESTS: Mapping[str, Example] = {
    "create_relay_video": _ORDERED,
    "create_relay_video_unversioned": _ORDERED,
    "create_video": {
        "model": "sora-2",
        "prompt": PROMPT,
        "size": "1280x720",
        "seconds": "8",
    },
    "create_generation": {
        "model": "sora-2",
        "prompt": PROMPT,
        "width": 1280,
        "height": 720,
        "duration": 8,
    },
    "create_webhook": {"url": "https://example.com/filmgate", "events": ["video.completed"]},
    "remix_video": {"prompt": f"{PROMPT}, at night"},
    "edit_video": {"prompt": f"{PROMPT}, at night", "video": {"id": VIDEO_ID}},
    "extend_video": {
        "prompt": "The cat takes a bow",
        "seconds": "4",
        "video": {"id": VIDEO_ID},
    },
}

_CREATED = {
    "id": RELAY_ID,
    "object": "video.generation",
    "created": 1761635478,
    "model": "openAiSora2Plus",
    "status": "queued",
}
_VIDEO = {
    "id": VIDEO_ID,
    "object": "video",
    "model": "sora-2",
    "status": "completed",
    "progress": 100,
    "created_at": 1761635478,
    "completed_at": 1761635489,
    "expires_at": 1761721889,
    "prompt": PROMPT,
    "size": "1280x720",
    "seconds": "8",
    "remixed_from_video_id": None,
    "error": None,
}
_GENERATION = {
    "id": VIDEO_ID,
    "task_id": VIDEO_ID,
    "status": "completed",
    "progress": 100,
    "url": _LINK,
    "video_url": _LINK,
    "format": "mp4",
    "metadata": {"duration": 8, "fps": 24, "width": 1280, "height": 720, "seed": 7},
    "error": None,
}
_QUEUED = {
    "status": "queued",
    "progress": 0,
    "completed_at": None,
    "expires_at": None,
    "queue": {"position": 3, "starts_in_seconds": 40},
}
_CANCELLED = {
    "code": "cancelled",
    "message": "The video was cancelled before it was finished.",
}
_MODEL = {
    "id": "sora-2",
    "object": "model",
    "created": 0,
    "owned_by": "filmgate",
    "sizes": ["720x1280", "1280x720"],
    "seconds": [4, 8, 10, 12, 15, 16, 20],
    "images": 3,
    "characters": 2,
    "abilities": ["create", "remix", "edit", "extend"],
}

_ANSWERS: Mapping[str, Example] = {
    "CreatedVideo": _CREATED,
    "UnfinishedVideo": {**_CREATED, "status": "processing", "video_url": None, "error": None},
    "CompletedVideo": {
        **_CREATED,
        "status": "completed",
        "video_url": _LINK,
        "actualDuration": 8,
        "error": None,
    },
    "VideoBody": _VIDEO,
    "VideoError": _CANCELLED,
    "VideoList": {
        "object": "list",
        "data": [_VIDEO],
        "first_id": VIDEO_ID,
        "last_id": VIDEO_ID,
        "has_more": False,
    },
    "DeletedVideo": {"id": VIDEO_ID, "object": "video.deleted", "deleted": True},
    "CharacterBody": {"id": CHARACTER_ID, "name": "Mochi", "created_at": 1761635478},
    "ModelBody": _MODEL,
    "ModelList": {"object": "list", "data": [_MODEL]},
    "CreatedGeneration": {
        "id": VIDEO_ID,
        "task_id": VIDEO_ID,
        "status": "queued",
        "created_at": 1761635478,
    },
    "Generation": _GENERATION,
    "GenerationError": _CANCELLED,
}

_AT_THAT_MOMENT: Mapping[str, Example] = {
    "create_video": _QUEUED,
    "remix_video": {**_QUEUED, "remixed_from_video_id": VIDEO_ID},
    "edit_video": _QUEUED,
    "extend_video": {**_QUEUED, "seconds": "12"},
    "cancel_video": {"status": "failed", "progress": 40, "expires_at": None, "error": _CANCELLED},
    "cancel_relay_video": {"status": "failed", "error": _CANCELLED["message"]},
}
"""What differs, by operation id."""

_ERRORS: Mapping[int, FilmgateError] = {
    400: InvalidRequest(
        "seconds",
        "seconds '5' is not a length that sora-2 makes; it makes 4, 8, 10, 12, 15, 16, 20.",
    ),
    401: Unauthenticated(
        "This request carries no API key. Send the header: Authorization: Bearer YOUR_API_KEY"
    ),
    403: PermissionDenied("This key may not do this."),
    404: VideoNotFound(),
    408: RequestTimedOut("The body came too slowly, or not at all."),
    409: InvalidTransition(
        "The video is completed already; only a queued or running one can be cancelled."
    ),
    410: VideoExpired(
        "The content was kept until 2025-10-29T07:11:29+00:00; only the record remains."
    ),
    413: RequestTooLarge("The body is larger than 67108864 bytes."),
    422: VideoHasFailed("engine_failed", "The engine could not make this video."),
    429: RateLimited("Too many requests at once.", retry_after=timedelta(seconds=2)),
    503: ServiceUnavailable("The database does not answer at the moment."),
}


def request_example(operation_id: str) -> Example | None:
    return _REQUESTS.get(operation_id)


def answer_example(schema: str, operation_id: str) -> Example | None:
    """An answer of that shape, as the operation gives it when all is well."""
    example = _ANSWERS.get(schema)
    return example and {**example, **_AT_THAT_MOMENT.get(operation_id, {})}


def error_example(status: int, *, keys: Iterable[str]) -> Example:
    """The refusal with that status that a client meets first."""
    refusal = internal_error("req_7f3a") if status == 500 else refusal_of(_ERRORS[status])
    error = _detail(refusal)
    return {key: error if key == "error" else refusal.message for key in keys}


def example_of(name: str, schemas: Mapping[str, Mapping[str, Any]]) -> object:
    """Of the schema of that name: the one that is written here, else made of its parts' examples."""
    if name in _ANSWERS:
        return _ANSWERS[name]
    return _made_of(schemas[name], schemas)


def _made_of(schema: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> object:
    if "$ref" in schema:
        return example_of(schema["$ref"].rpartition("/")[2], schemas)
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "anyOf" in schema and "type" not in schema:
        return _made_of(schema["anyOf"][0], schemas)
    return _plainly(schema, schemas)


def _plainly(schema: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> object:
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            parts = schema.get("properties", {})
            return {key: _made_of(parts[key], schemas) for key in parts if key in needed}
        case "array":
            return [_made_of(schema["items"], schemas)]
        case kind:
            return _SIMPLEST.get(str(kind))


_SIMPLEST = {"string": "…", "integer": 0, "number": 0, "boolean": True}


def _detail(refusal: Refusal) -> Example:
    return {
        "message": refusal.message,
        "type": refusal.type,
        "param": refusal.param,
        "code": refusal.code,
    }
