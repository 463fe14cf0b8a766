"""litellm's way from prompt to bytes and through its other video calls; prints what each showed."""

import asyncio
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import litellm  # type: ignore[import-not-found]

base_url, api_key, picture, address, film = sys.argv[1:]
server = {"api_base": base_url, "api_key": api_key}
litellm.suppress_debug_info = True


def create(**fields: object) -> Any:
    asked = {"prompt": "A lake at dawn", "model": "openai/sora-2", **fields}
    return litellm.video_generation(**asked, **server)


def done(video: Any) -> dict[str, Any]:
    while video.status in {"queued", "in_progress"}:
        time.sleep(0.1)
        video = litellm.video_status(video_id=video.id, **server)
    shown: dict[str, Any] = video.model_dump()
    return shown


def begins(variant: str) -> str:
    return str(litellm.video_content(video_id=made.id, variant=variant, **server)[:12].hex())


def refusal(**fields: object) -> list[object]:
    try:
        create(**fields)
    except litellm.exceptions.openai.APIStatusError as error:
        return [type(error).__name__, error.status_code]
    return []


def listed(**query: object) -> list[str]:
    return [video["id"] for video in litellm.video_list(**query, **server)["data"]]


async def asynchronously() -> list[str]:
    video = await litellm.avideo_generation(prompt="A lake", model="openai/sora-2", **server)
    status = await litellm.avideo_status(video_id=video.id, **server)
    page = await litellm.avideo_list(limit=1, custom_llm_provider="openai", **server)
    return [video.object, status.object, page["object"]]


made = create(seconds="8", size="1280x720")
films = {"created": done(made)}
character = litellm.video_create_character(name="Mossy", video=Path(film).read_bytes(), **server)
waiting: dict[str, Callable[[], Any]] = {
    "of a relay's model": lambda: create(model="openai/openAiSora2Pro"),
    "of a picture": lambda: create(input_reference=io.BytesIO(Path(picture).read_bytes())),
    "of an address": lambda: create(extra_body={"image_urls": [address]}),
    "of a character": lambda: create(characters=[{"id": character.id}]),
    "remixed": lambda: litellm.video_remix(video_id=made.id, prompt="At night", **server),
    "edited": lambda: litellm.video_edit(video_id=made.id, prompt="In snow", **server),
    "extended": lambda: litellm.video_extension(
        video_id=made.id, prompt="It clears up", seconds="4", **server
    ),
}
films |= {name: done(call()) for name, call in waiting.items()}
first_page = listed(limit=2)
found = {
    "films": films,
    "contents": [begins(variant) for variant in ("video", "thumbnail", "spritesheet")],
    "character": litellm.video_get_character(character_id=character.id, **server).model_dump(),
    "first page": first_page,
    "second page": listed(limit=2, after=first_page[-1]),
    "whole list": listed(limit=100),
    "refusals": {
        "size": refusal(size="1x1"),
        "model": refusal(model="openai/sora-9"),
        "an address for a file": refusal(input_reference=address),
    },
    "asynchronously": asyncio.run(asynchronously()),
}
json.dump(found, sys.stdout)
