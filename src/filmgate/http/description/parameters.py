"""Parameters that several endpoints take, and what the reference says of them."""

from filmgate.core.idempotency import HEADER, KEY_LIMIT
from filmgate.http.description.examples import CHARACTER_ID, RELAY_ID, VIDEO_ID
from filmgate.http.endpoints import Header, PathPart, Query

_ID = "[0-7][0-9a-hjkmnp-tv-z]{25}"

VIDEO = PathPart(
    name="id",
    description="The video's id, as its create answered it; either prefix names the same video.",
    schema={"type": "string", "pattern": f"^(video|sora)_{_ID}$"},
    example=VIDEO_ID,
)

RELAY_VIDEO = PathPart(
    name="id", description=VIDEO.description, schema=VIDEO.schema, example=RELAY_ID
)

AFTER = Query(
    name="after",
    description="The id behind which the page begins; the video itself may be gone. Empty: from the start.",
    schema={"type": "string", "pattern": f"^((video|sora)_{_ID})?$"},
)

CHARACTER = PathPart(
    name="id",
    description="The character's id, as its create answered it.",
    schema={"type": "string", "pattern": f"^char_{_ID}$"},
    example=CHARACTER_ID,
)

PREFER = Header(
    name="Prefer",
    description="`wait=N` holds the answer back until the video is finished or N seconds have passed; at"
    " most 60.",
    example="wait=30",
)

IDEMPOTENCY_KEY = Header(
    name=HEADER,
    description="A name of your own for this create. Sent again under it within a day, the same request makes"
    " nothing new and is answered as the first was.",
    schema={"type": "string", "pattern": f"^[!-~]([ -~]{{0,{KEY_LIMIT - 2}}}[!-~])?$"},
)

IF_NONE_MATCH = Header(
    name="If-None-Match",
    description="The `etag` of the last answer: 304 when nothing has changed since.",
)

UNCHANGED = {304: "Nothing has changed since the answer of that `etag`."}
"""What `If-None-Match` can bring about."""
