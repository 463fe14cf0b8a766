"""Delete a completed video and one in the making; print the answers, and how both are answered for then."""

import json
import sys
import time

import openai  # type: ignore[import-not-found]

client = openai.OpenAI(max_retries=0)


def delete(video_id: str) -> dict[str, object]:
    status = client.videos.retrieve(video_id).status
    deleted = client.videos.delete(video_id).to_dict()
    try:
        client.videos.retrieve(video_id)
    except openai.NotFoundError as error:
        return {"status": status, "deleted": deleted, "then": error.code}
    return {"status": status, "deleted": deleted}


video = client.videos.create(prompt="A lake at dawn", model="sora-2-pro", seconds="25")
while client.videos.retrieve(video.id).status == "queued":
    time.sleep(0.02)
json.dump([delete(video.id), delete(sys.argv[1])], sys.stdout)
