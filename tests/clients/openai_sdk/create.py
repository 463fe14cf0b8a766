"""Create a video in each way that takes a request or a picture; print what each was answered."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai  # type: ignore[import-not-found]

client = openai.OpenAI(max_retries=0)
right, wrong = Path(sys.argv[1]), Path(sys.argv[2])
address = sys.argv[3]

REQUESTS: dict[str, dict[str, Any]] = {
    "nothing but a prompt": {},
    "seconds as text": {"seconds": "8"},
    "seconds as a number": {"seconds": 8},
    "every field": {"model": "sora-2-pro", "size": "1792x1024", "seconds": "12"},
    "a relay's words": {
        "model": "openAiSora2Plus",
        "extra_body": {"aspect_ratio": "16:9", "duration": 8},
    },
    "an address in extra_body": {"extra_body": {"input_reference": {"image_url": address}}},
}
LIMITS: dict[str, dict[str, Any]] = {"an address": {"input_reference": {"image_url": address}}}
PICTURES: dict[str, Callable[[Path], object]] = {
    "a path": lambda path: path,
    "bytes": Path.read_bytes,
    "a BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "an open file": lambda path: path.open("rb"),
    "a tuple": lambda path: ("dawn.png", path.read_bytes(), "image/png"),
}


def create(**fields: object) -> dict[str, Any]:
    try:
        video: dict[str, Any] = client.videos.create(prompt="A lake at dawn", **fields).to_dict()
    except openai.APIStatusError as error:
        return {"code": error.code, "param": error.param}
    except RuntimeError as error:
        return {"raised": type(error).__name__}
    return video


found = {
    "requests": {name: create(**fields) for name, fields in REQUESTS.items()},
    "limits": {name: create(**fields) for name, fields in LIMITS.items()},
    "pictures": {name: create(input_reference=make(right)) for name, make in PICTURES.items()},
    "wrong": {name: create(input_reference=make(wrong)) for name, make in PICTURES.items()},
}
json.dump(found, sys.stdout)
