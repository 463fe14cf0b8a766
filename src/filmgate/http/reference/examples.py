"""Requests as a reader would type them, and the answers that they would get: the life of one video."""

import json
import re
from collections.abc import Mapping
from shlex import quote

from filmgate.http.reference.description import Operation

Example = Mapping[str, object]

_IDS = {
    "relay": "sora_01jbqk5v3xw8e9r2t4y6m8n0pq",
    "openai": "video_01jbqk5v3xw8e9r2t4y6m8n0pq",
}
_PROMPT = "A cat dancing in the rain, cinematic style"
_LINK = "https://films.example.com/files/videos/01jbqk5v3xw8e9r2t4y6m8n0pq/1/video.mp4?v=1&kid=…"

REQUESTS: Mapping[str, Example] = {
    "create_relay_video": {
        "model": "openAiSora2Plus",
        "prompt": _PROMPT,
        "aspect_ratio": "16:9",
        "seconds": 8,
    },
    "create_video": {
        "model": "sora-2",
        "prompt": _PROMPT,
        "size": "1280x720",
        "seconds": "8",
    },
}
"""What to send, by operation id."""

_CREATED = {
    "id": _IDS["relay"],
    "object": "video.generation",
    "created": 1761635478,
    "model": "openAiSora2Plus",
    "status": "queued",
}
_VIDEO = {
    "id": _IDS["openai"],
    "object": "video",
    "model": "sora-2",
    "status": "completed",
    "progress": 100,
    "created_at": 1761635478,
    "completed_at": 1761635489,
    "expires_at": 1761721889,
    "prompt": _PROMPT,
    "size": "1280x720",
    "seconds": "8",
    "remixed_from_video_id": None,
    "error": None,
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
}
_INVALID = {
    "message": "seconds '5' is not a length that sora-2 makes; it makes 4, 8, 10, 12, 15, 16, 20.",
    "type": "invalid_request_error",
    "param": "seconds",
    "code": "invalid_value",
}
_UNKNOWN = {
    "message": "No video with this id exists in your account.",
    "type": "invalid_request_error",
    "param": None,
    "code": "video_not_found",
}
_NO_KEY = {
    "message": "This request carries no API key. Send the header: Authorization: Bearer YOUR_API_KEY",
    "type": "authentication_error",
    "param": None,
    "code": "invalid_api_key",
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
        "first_id": _IDS["openai"],
        "last_id": _IDS["openai"],
        "has_more": False,
    },
    "DeletedVideo": {"id": _IDS["openai"], "object": "video.deleted", "deleted": True},
    "ModelBody": _MODEL,
    "ModelList": {"object": "list", "data": [_MODEL]},
    "ErrorDetail": _INVALID,
    "ErrorBody": {"error": _INVALID},
    "RelayErrorBody": {"error": _INVALID, "message": _INVALID["message"]},
}

_AT_THAT_MOMENT: Mapping[str, Example] = {
    "create_video": {"status": "queued", "progress": 0, "completed_at": None, "expires_at": None},
    "cancel_video": {
        "status": "failed",
        "progress": 40,
        "expires_at": None,
        "error": _CANCELLED,
    },
    "cancel_relay_video": {"status": "failed", "error": _CANCELLED["message"]},
}


def schema_example(schema: str) -> Example | None:
    """An answer of that shape; None for a shape that is new here."""
    return _ANSWERS.get(schema)


def answer_example(schema: str, operation: Operation) -> Example | None:
    """An answer of that shape, as the operation gives it when all is well."""
    example = _ANSWERS.get(schema)
    return example and {**example, **_AT_THAT_MOMENT.get(operation.ids[0], {})}


def refusal_example(schema: str, operation: Operation) -> Example | None:
    """The refusal that a client meets first."""
    example = _ANSWERS.get(schema)
    error = _INVALID if operation.bodies else _UNKNOWN if "404" in operation.answers else _NO_KEY
    return example and {key: error if key == "error" else error["message"] for key in example}


def curl(operation: Operation, *, base: str) -> str:
    words = [
        f"curl {_method(operation)}{quote(base + _address(operation))}",
        "-H 'Authorization: Bearer YOUR_API_KEY'",
    ]
    if body := REQUESTS.get(operation.ids[0]):
        words.append("-H 'Content-Type: application/json'")
        written = json.dumps(body, indent=2, ensure_ascii=False)
        words.append(f"-d {quote(written)}".replace("\n", "\n  "))
    if "video/mp4" in operation.answers["200"].get("content", {}):
        words.append("-o video.mp4")
    return _lines(words)


def curl_upload(operation: Operation, *, base: str) -> str | None:
    """The same request as a form with a picture, where a picture can be uploaded."""
    schema = operation.bodies.get("multipart/form-data", {})
    if '"binary"' not in json.dumps(schema):
        return None
    fields = REQUESTS.get(operation.ids[0], {})
    return _lines(
        [
            f"curl {quote(base + _address(operation))}",
            "-H 'Authorization: Bearer YOUR_API_KEY'",
            *(f"-F {quote(f'{name}={value}')}" for name, value in fields.items()),
            "-F input_reference=@first-frame.png",
        ]
    )


def _method(operation: Operation) -> str:
    """What curl would not choose by itself."""
    guessed = "POST" if operation.ids[0] in REQUESTS else "GET"
    return "" if operation.method == guessed else f"-X {operation.method} "


def _address(operation: Operation) -> str:
    path = re.sub(r"(sora_)?\{id\}", _IDS.get(operation.tag, _IDS["openai"]), operation.paths[0])
    choices = [
        f"{query['name']}={query['schema']['default']}"
        for query in operation.parameters
        if "default" in query["schema"] and len(query["schema"].get("enum", "ab")) > 1
    ]
    return path + (f"?{'&'.join(choices)}" if choices else "")


def _lines(words: list[str]) -> str:
    return " \\\n  ".join(words)
