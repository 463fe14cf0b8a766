"""Create a video under the idempotency key of the arguments; print its id, or what the SDK gave up with."""

import json
import sys

import openai  # type: ignore[import-not-found]

key, prompt = sys.argv[1:]
client = openai.OpenAI()
try:
    video = client.videos.create(prompt=prompt, extra_headers={"Idempotency-Key": key})
    json.dump({"id": video.id}, sys.stdout)
except openai.UnprocessableEntityError as error:
    json.dump({"gave up with": error.code}, sys.stdout)
