"""Download every variant of a video in every way; print how each file begins and how long it is."""

import json
import sys
from pathlib import Path

from openai import OpenAI  # type: ignore[import-not-found]

client = OpenAI()
video_id = sys.argv[1]
path = Path("content")


def shown(data: bytes) -> tuple[str, int]:
    return data[:12].hex(), len(data)


def each_way(variant: str) -> list[tuple[str, int]]:
    read = client.videos.download_content(video_id, variant=variant).read()
    client.videos.download_content(video_id, variant=variant).write_to_file(path)
    written = path.read_bytes()
    streaming = client.videos.with_streaming_response
    with streaming.download_content(video_id, variant=variant) as response:
        response.stream_to_file(path)
    return [shown(read), shown(written), shown(path.read_bytes())]


found = {variant: each_way(variant) for variant in ("video", "thumbnail", "spritesheet")}
found["default"] = [shown(client.videos.download_content(video_id).content)]
json.dump(found, sys.stdout)
