"""Walk the whole list in both orders, page by page; print the ids and the first page's own facts."""

import json
import sys

from openai import OpenAI  # type: ignore[import-not-found]

client = OpenAI()
limit = int(sys.argv[1])
first = client.videos.list(limit=limit)
found = {
    "asc": [video.id for video in client.videos.list(limit=limit, order="asc")],
    "desc": [video.id for video in client.videos.list(limit=limit, order="desc")],
    "default": [video.id for video in first],
    "first page": [video.id for video in first.data],
    "has_more": first.has_more,
}
json.dump(found, sys.stdout)
