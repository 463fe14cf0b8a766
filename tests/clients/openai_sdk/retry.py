"""Create a video with the SDK's own patience; print the video, or what it gave up with."""

import json
import sys

import openai  # type: ignore[import-not-found]

client = openai.OpenAI()
try:
    json.dump(client.videos.create(prompt="A lake at dawn").to_dict(), sys.stdout)
except openai.RateLimitError as error:
    json.dump({"gave up with": error.code}, sys.stdout)
