"""Edit and extend a video, by id and by file, and make a character of it."""

import json
import sys
from pathlib import Path

from openai import OpenAI, omit  # type: ignore[import-not-found]

client = OpenAI()
film = Path(sys.argv[2])
# The SDK takes `video={"id": …}` for a file that is none, so the id goes round it.
by_id = {"video": omit, "extra_body": {"video": {"id": sys.argv[1]}}}
character = client.videos.create_character(name="Mossy", video=film)
created = {
    "edit by id": client.videos.edit(prompt="In snow", **by_id),
    "edit by file": client.videos.edit(prompt="In snow", video=film),
    "extension by id": client.videos.extend(prompt="It clears up", seconds="4", **by_id),
    "extension by file": client.videos.extend(prompt="It clears up", seconds="4", video=film),
    "with a character": client.videos.create(
        prompt="Mossy crosses a lake", extra_body={"characters": [{"id": character.id}]}
    ),
}
found = {
    name: client.videos.poll(video.id, poll_interval_ms=50).to_dict()
    for name, video in created.items()
}
found["character"] = character.to_dict()
found["character again"] = client.videos.get_character(character.id).to_dict()
json.dump(found, sys.stdout)
