"""What the reference says about the relay dialect's endpoints."""

from dataclasses import replace

from filmgate.http.description.parameters import (
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    PREFER,
    RELAY_VIDEO,
    UNCHANGED,
)
from filmgate.http.dialects.relay import wire
from filmgate.http.endpoints import Reference

CREATE = Reference(
    id="create_relay_video",
    tag="relay",
    summary="Create a video",
    description="The video waits in the queue once this has answered. With `Prefer: wait=N` it is answered"
    " as a query would be.",
    headers=[IDEMPOTENCY_KEY, PREFER],
    body=wire.CreateBody,
    form=wire.CreateForm,
    answers=[wire.CreatedVideo, wire.UnfinishedVideo, wire.CompletedVideo],
    answer_headers=[
        "openai-poll-after-ms",
        "retry-after",
        "preference-applied",
        "idempotent-replayed",
    ],
    error=wire.RelayErrorBody,
    errors=[400, 404, 409, 413, 422],
)

CREATE_UNVERSIONED = replace(CREATE, id="create_relay_video_unversioned")

RETRIEVE_RESULT = Reference(
    id="retrieve_relay_result",
    tag="relay",
    summary="Retrieve a video",
    description="In relay words, whatever the id's prefix. Ask again every few seconds until the"
    " status is `completed` or `failed`.",
    path=[RELAY_VIDEO],
    headers=[PREFER, IF_NONE_MATCH],
    answers=[wire.UnfinishedVideo, wire.CompletedVideo],
    also=UNCHANGED,
    answer_headers=["etag", "openai-poll-after-ms", "retry-after", "preference-applied"],
    error=wire.RelayErrorBody,
    errors=[404],
)

RETRIEVE = replace(
    RETRIEVE_RESULT,
    id="retrieve_relay_video",
    summary="Retrieve a video by its relay id",
    description="An id that begins with `sora_` is answered in relay words.",
    shares="/v1/videos/{id}",
)

CANCEL = Reference(
    id="cancel_relay_video",
    tag="relay",
    summary="Cancel a video by its relay id",
    description="Its status becomes `failed`, with an error that says that it was cancelled.",
    path=[RELAY_VIDEO],
    answers=[wire.UnfinishedVideo],
    error=wire.RelayErrorBody,
    errors=[404, 409],
    shares="/v1/videos/{id}/cancel",
)
