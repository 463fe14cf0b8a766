"""Create a video and wait for it as the SDK does; print it as each call shows it."""

import json
import sys

from openai import OpenAI  # type: ignore[import-not-found]

client = OpenAI()
made = client.videos.create_and_poll(prompt="A lake at dawn", seconds="4", size="1280x720")
polled = client.videos.poll(made.id, poll_interval_ms=50)
retrieved = client.videos.retrieve(made.id)
json.dump([made.to_dict(), polled.to_dict(), retrieved.to_dict()], sys.stdout)
