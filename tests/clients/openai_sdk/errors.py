"""Do what is refused, and print which exception the SDK makes of each refusal."""

import json
import sys
from collections.abc import Callable

import openai  # type: ignore[import-not-found]

client = openai.OpenAI(max_retries=0)
stranger = openai.OpenAI(max_retries=0, api_key="sk-fg-nobody-has-this-one")
UNKNOWN = "video_" + "0" * 26

ATTEMPTS: dict[str, Callable[[], object]] = {
    "unknown key": lambda: stranger.videos.retrieve(UNKNOWN),
    "unknown id": lambda: client.videos.retrieve(UNKNOWN),
    "content of an unknown id": lambda: client.videos.download_content(UNKNOWN),
    "remix of an unknown id": lambda: client.videos.remix(UNKNOWN, prompt="At night"),
    "size": lambda: client.videos.create(prompt="A lake", size="1x1"),
    "seconds": lambda: client.videos.create(prompt="A lake", seconds="5"),
    "model": lambda: client.videos.create(prompt="A lake", model="sora-3"),
    "prompt": lambda: client.videos.create(prompt=""),
}


def refusal(attempt: Callable[[], object]) -> dict[str, object]:
    try:
        attempt()
    except openai.APIStatusError as error:
        return {
            "kind": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "message": error.message,
            "request_id": error.request_id,
        }
    return {"kind": "none"}


json.dump({name: refusal(attempt) for name, attempt in ATTEMPTS.items()}, sys.stdout)
