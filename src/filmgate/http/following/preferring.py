"""Waiting: `Prefer: wait=N` (RFC 7240) holds an answer back until the video is finished."""

import asyncio
import re
from datetime import timedelta

from starlette.datastructures import Headers
from starlette.requests import Request

from filmgate.core.errors import VideoNotFound
from filmgate.core.video import Video
from filmgate.http.following.alarms import Alarm
from filmgate.http.following.watching import Watch

LONGEST_WAIT = timedelta(seconds=60)
_READ_CHARACTERS = 1_000
"""Of the header; an honest one has a tenth of them."""
_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


def preferred_wait(headers: Headers) -> timedelta | None:
    """How long the client likes to wait, at most LONGEST_WAIT; None where it does not say so, or unclearly."""
    sent = headers.getlist("prefer")
    if not sent:
        return None
    text = ",".join(sent)[:_READ_CHARACTERS]
    for preference in _PREFERENCE.findall(text):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            return _duration(_unquoted(value.strip()))  # of several, the first one counts
    return None


async def until_finished(
    watch: Watch, request: Request, video: Video, *, at_most: timedelta
) -> Video:
    """The video once it is terminal, or as it is when the time is up or the server stops.

    Raises VideoNotFound when it is deleted meanwhile, and ClientDisconnect when nobody waits any more.
    """
    if video.status.is_terminal:
        return video
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + at_most.total_seconds()
    alarm = Alarm()
    with watch.follow(video, alarm) as followed:
        while not (followed.video.status.is_terminal or watch.is_closing):
            left = timedelta(seconds=ends_at - loop.time())
            if left <= timedelta(0):
                break
            await alarm.sleep(request.receive, at_most=left)
    if followed.video.deleted_at is not None:
        raise VideoNotFound
    return followed.video


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _duration(text: str) -> timedelta | None:
    if _SECONDS.fullmatch(text) is None:
        return None
    return min(timedelta(seconds=int(text)), LONGEST_WAIT)
