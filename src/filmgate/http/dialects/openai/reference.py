"""What the reference says about the openai dialect's endpoints."""

from filmgate.http.dialects.openai import wire
from filmgate.http.endpoints import Query, Reference

CREATE = Reference(
    id="create_video",
    tag="openai",
    summary="Create a video",
    description="The video waits in the queue once this has answered.",
    body=wire.CreateBody,
    answers=[wire.VideoBody],
    error=wire.ErrorBody,
    errors=[400, 401, 413, 503],
)

RETRIEVE = Reference(
    id="retrieve_video",
    tag="openai",
    summary="Retrieve a video",
    description="Ask again after `openai-poll-after-ms` milliseconds until the status is `completed`"
    " or `failed`. An id that begins with `sora_` is answered in relay words.",
    answers=[wire.VideoBody],
    error=wire.ErrorBody,
    errors=[401, 404, 503],
)

LIST = Reference(
    id="list_videos",
    tag="openai",
    summary="List the account's videos",
    description="All of them, whatever dialect made them.",
    query=[
        Query(
            name="after",
            description="The id behind which the page begins; the video itself may be gone.",
            schema={"type": "string"},
        ),
        Query(
            name="limit",
            description="How many videos at most.",
            schema={"type": "integer", "minimum": 0, "maximum": wire.LIST_LIMIT, "default": 20},
        ),
        Query(
            name="order",
            description="By time of creation.",
            schema={"type": "string", "enum": ["asc", "desc"], "default": "desc"},
        ),
    ],
    answers=[wire.VideoList],
    error=wire.ErrorBody,
    errors=[400, 401, 503],
)

DELETE = Reference(
    id="delete_video",
    tag="openai",
    summary="Delete a video",
    description="Its work stops, its bytes go and its links end. Takes either prefix.",
    answers=[wire.DeletedVideo],
    error=wire.ErrorBody,
    errors=[401, 404, 503],
)

CONTENT = Reference(
    id="retrieve_video_content",
    tag="openai",
    summary="Download a completed video",
    description="Takes either prefix, and honours Range.",
    query=[
        Query(
            name="variant",
            description="What to download.",
            schema={"type": "string", "enum": ["video"], "default": "video"},
        )
    ],
    answers="video/mp4",
    error=wire.ErrorBody,
    errors=[400, 401, 404, 410, 422, 503],
)

CANCEL = Reference(
    id="cancel_video",
    tag="openai",
    summary="Cancel a video",
    description="Its status becomes `failed`, with the error code `cancelled`. An id that begins with"
    " `sora_` is answered in relay words.",
    answers=[wire.VideoBody],
    error=wire.ErrorBody,
    errors=[401, 404, 409, 503],
)

MODELS = Reference(
    id="list_models",
    tag="openai",
    summary="List the models",
    description="With the sizes and lengths in seconds that each makes, and how many images it takes.",
    answers=[wire.ModelList],
    error=wire.ErrorBody,
    errors=[401, 503],
)
