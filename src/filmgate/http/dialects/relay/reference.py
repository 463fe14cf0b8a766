"""What the reference says about the relay dialect's endpoints."""

from dataclasses import replace

from filmgate.http.dialects.relay import wire
from filmgate.http.endpoints import Reference

CREATE = Reference(
    id="create_relay_video",
    tag="relay",
    summary="Create a video",
    description="The video waits in the queue once this has answered.",
    body=wire.CreateBody,
    answers=[wire.CreatedVideo],
    error=wire.RelayErrorBody,
    errors=[400, 401, 413, 503],
)

CREATE_UNVERSIONED = replace(CREATE, id="create_relay_video_unversioned")

RETRIEVE_RESULT = Reference(
    id="retrieve_relay_result",
    tag="relay",
    summary="Retrieve a video",
    description="In relay words, whatever the id's prefix. Ask again every few seconds until the"
    " status is `completed` or `failed`.",
    answers=[wire.UnfinishedVideo, wire.CompletedVideo],
    error=wire.RelayErrorBody,
    errors=[401, 404, 503],
)

RETRIEVE = replace(
    RETRIEVE_RESULT,
    id="retrieve_relay_video",
    summary="Retrieve a video by its relay id",
    description="An id that begins with `sora_` is answered in relay words.",
)

CANCEL = Reference(
    id="cancel_relay_video",
    tag="relay",
    summary="Cancel a video by its relay id",
    description="Its status becomes `failed`, with an error that says that it was cancelled.",
    answers=[wire.UnfinishedVideo],
    error=wire.RelayErrorBody,
    errors=[401, 404, 409, 503],
)
