"""What the reference says about the newapi dialect's endpoints."""

from filmgate.http.description.parameters import (
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    PREFER,
    UNCHANGED,
    VIDEO,
)
from filmgate.http.dialects.newapi import wire
from filmgate.http.endpoints import Reference

CREATE = Reference(
    id="create_generation",
    tag="newapi",
    summary="Create a video",
    description="The video waits in the queue once this has answered. With `Prefer: wait=N` it is answered"
    " as a query would be.",
    headers=[IDEMPOTENCY_KEY, PREFER],
    body=wire.CreateGenerationBody,
    form=wire.CreateGenerationForm,
    answers=[wire.CreatedGeneration, wire.Generation],
    answer_headers=[
        "openai-poll-after-ms",
        "retry-after",
        "preference-applied",
        "idempotent-replayed",
    ],
    error=wire.ErrorBody,
    errors=[400, 404, 409, 413, 422],
)

RETRIEVE = Reference(
    id="retrieve_generation",
    tag="newapi",
    summary="Retrieve a video",
    description="Takes either prefix, and answers with the id as it was asked for. Ask again every few"
    " seconds until the status is `completed` or `failed`.",
    path=[VIDEO],
    headers=[PREFER, IF_NONE_MATCH],
    answers=[wire.Generation],
    also=UNCHANGED,
    answer_headers=["etag", "openai-poll-after-ms", "retry-after", "preference-applied"],
    error=wire.ErrorBody,
    errors=[404],
)
