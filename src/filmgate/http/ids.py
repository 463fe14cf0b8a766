"""Video ids on the wire: a dialect's prefix, then the 26 characters that name the video in every dialect."""

import re

from filmgate.core.errors import VideoNotFound
from filmgate.core.video import VideoId

_WIRE_ID = re.compile(r"(?:video_|sora_)([0-7][0-9a-hjkmnp-tv-z]{25})", re.ASCII)


def parse_id(text: str) -> VideoId:
    """Either prefix names the same video. Whatever cannot be an id is simply unknown: VideoNotFound."""
    match = _WIRE_ID.fullmatch(text)
    if match is None:
        raise VideoNotFound
    return VideoId(match[1])
