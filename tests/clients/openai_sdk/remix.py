"""Remix a completed video, and wait for the remix."""

import json
import sys

from openai import OpenAI  # type: ignore[import-not-found]

client = OpenAI()
remixed = client.videos.remix(sys.argv[1], prompt="The same lake at night")
done = client.videos.poll(remixed.id, poll_interval_ms=50)
json.dump([remixed.to_dict(), done.to_dict()], sys.stdout)
