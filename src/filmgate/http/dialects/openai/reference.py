"""What the reference says about the openai dialect's endpoints."""

from filmgate.core.video import Variant
from filmgate.http.description.parameters import (
    AFTER,
    CHARACTER,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    PREFER,
    UNCHANGED,
    VIDEO,
)
from filmgate.http.dialects.openai import wire
from filmgate.http.endpoints import Query, Reference

_PENDING = ("openai-poll-after-ms", "retry-after", "preference-applied")
_CREATED = (*_PENDING, "idempotent-replayed")

CREATE = Reference(
    id="create_video",
    tag="openai",
    summary="Create a video",
    description="The video waits in the queue once this has answered.",
    headers=[IDEMPOTENCY_KEY, PREFER],
    body=wire.CreateBody,
    form=wire.CreateForm,
    answers=[wire.VideoBody],
    answer_headers=_CREATED,
    error=wire.ErrorBody,
    errors=[400, 404, 409, 413, 422],
)

REMIX = Reference(
    id="remix_video",
    tag="openai",
    summary="Remix a video",
    description="The same request and seed once more, with another prompt.",
    path=[VIDEO],
    headers=[IDEMPOTENCY_KEY, PREFER],
    body=wire.RemixBody,
    form=wire.RemixForm,
    answers=[wire.VideoBody],
    answer_headers=_CREATED,
    error=wire.ErrorBody,
    errors=[400, 404, 409, 410, 413, 422],
)

EDIT = Reference(
    id="edit_video",
    tag="openai",
    summary="Edit a video",
    description="A new video that begins with the first frame of the one given, as long as that.",
    headers=[IDEMPOTENCY_KEY, PREFER],
    body=wire.EditBody,
    form=wire.EditForm,
    answers=[wire.VideoBody],
    answer_headers=_CREATED,
    error=wire.ErrorBody,
    errors=[400, 404, 409, 410, 413, 422],
)

EXTEND = Reference(
    id="extend_video",
    tag="openai",
    summary="Extend a video",
    description="The video given and, from its last frame on, `seconds` more, in one MP4. The answer's"
    " `seconds` is the length of both.",
    headers=[IDEMPOTENCY_KEY, PREFER],
    body=wire.ExtensionBody,
    form=wire.ExtensionForm,
    answers=[wire.VideoBody],
    answer_headers=_CREATED,
    error=wire.ErrorBody,
    errors=[400, 404, 409, 410, 413, 422],
)

CREATE_CHARACTER = Reference(
    id="create_character",
    tag="openai",
    summary="Create a character",
    description="From a short film, for later requests to name under `characters`.",
    headers=[IDEMPOTENCY_KEY],
    form=wire.CharacterForm,
    answers=[wire.CharacterBody],
    answer_headers=["idempotent-replayed"],
    error=wire.ErrorBody,
    errors=[400, 404, 409, 413, 422],
)

RETRIEVE_CHARACTER = Reference(
    id="retrieve_character",
    tag="openai",
    summary="Retrieve a character",
    path=[CHARACTER],
    answers=[wire.CharacterBody],
    error=wire.ErrorBody,
    errors=[404],
)

DELETE_CHARACTER = Reference(
    id="delete_character",
    tag="openai",
    summary="Delete a character",
    description="Its picture goes. Refused while a video that names it is still to be made.",
    path=[CHARACTER],
    answers=[wire.DeletedCharacter],
    error=wire.ErrorBody,
    errors=[404, 409],
)

RETRIEVE = Reference(
    id="retrieve_video",
    tag="openai",
    summary="Retrieve a video",
    description="Ask again after `openai-poll-after-ms` milliseconds until the status is `completed`"
    " or `failed`. An id that begins with `sora_` is answered in relay words.",
    path=[VIDEO],
    headers=[PREFER, IF_NONE_MATCH],
    answers=[wire.VideoBody],
    also=UNCHANGED,
    answer_headers=["etag", *_PENDING],
    error=wire.ErrorBody,
    errors=[404],
)

LIST = Reference(
    id="list_videos",
    tag="openai",
    summary="List the account's videos",
    description="All of them, whatever dialect made them.",
    query=[
        AFTER,
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
    errors=[400],
)

DELETE = Reference(
    id="delete_video",
    tag="openai",
    summary="Delete a video",
    description="Its work stops, its bytes go and its links end. Takes either prefix.",
    path=[VIDEO],
    answers=[wire.DeletedVideo],
    error=wire.ErrorBody,
    errors=[404],
)

CONTENT = Reference(
    id="retrieve_video_content",
    tag="openai",
    summary="Download a completed video",
    description="The MP4, or its pictures: the thumbnail as WebP, the spritesheet as JPEG. Takes either"
    " prefix, and honours Range.",
    path=[VIDEO],
    query=[
        Query(
            name="variant",
            description="What to download.",
            schema={"type": "string", "enum": list(Variant), "default": Variant.VIDEO},
        )
    ],
    headers=[IF_NONE_MATCH],
    answers=["video/mp4", "image/webp", "image/jpeg"],
    also={
        **UNCHANGED,
        206: "The part that `Range` asked for.",
        302: "The bytes are in a cloud store: fetch them from `location`.",
        416: "There is no such part.",
    },
    answer_headers=["etag"],
    error=wire.ErrorBody,
    errors=[400, 404, 410, 422],
)

CANCEL = Reference(
    id="cancel_video",
    tag="openai",
    summary="Cancel a video",
    description="Its status becomes `failed`, with the error code `cancelled`. An id that begins with"
    " `sora_` is answered in relay words.",
    path=[VIDEO],
    answers=[wire.VideoBody],
    error=wire.ErrorBody,
    errors=[404, 409],
)

MODELS = Reference(
    id="list_models",
    tag="openai",
    summary="List the models",
    description="With the sizes and lengths in seconds that each makes, and how many images it takes.",
    answers=[wire.ModelList],
    error=wire.ErrorBody,
)
