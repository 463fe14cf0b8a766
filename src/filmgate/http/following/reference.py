"""What the reference says about the streams of events."""

from filmgate.http.description.parameters import VIDEO
from filmgate.http.dialects.openai.wire import ErrorBody
from filmgate.http.endpoints import Header, Reference

_LAST_EVENT_ID = Header(
    name="Last-Event-ID",
    description="The `id` of the last event that was received: go on right behind it.",
    schema={"type": "string", "pattern": "^([0-9]{1,18})?$"},
)

OF_ACCOUNT = Reference(
    id="stream_events",
    tag="waiting",
    summary="Follow all videos",
    description="Server-sent events: `video.completed` and `video.failed`, every one of them and in order,"
    " and in between `video.progress`. Begins now, or behind `Last-Event-ID`.",
    headers=[_LAST_EVENT_ID],
    answers="text/event-stream",
    error=ErrorBody,
    errors=[400],
)

OF_VIDEO = Reference(
    id="stream_video_events",
    tag="waiting",
    summary="Follow a video",
    description="Server-sent events: where the video stands, as `video.progress`, each change of that, and"
    " its end as `video.completed` or `video.failed`, with which the stream ends too. Takes either prefix.",
    path=[VIDEO],
    headers=[_LAST_EVENT_ID],
    answers="text/event-stream",
    also={204: "The video's end was told already: there is nothing to come back for."},
    error=ErrorBody,
    errors=[400, 404],
)
