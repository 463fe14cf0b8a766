"""What the reference says about webhook endpoints and deliveries."""

from filmgate.http.dialects.openai.wire import ErrorBody
from filmgate.http.endpoints import PathPart, Query, Reference
from filmgate.http.webhooks import wire

_ID = "[0-7][0-9a-hjkmnp-tv-z]{25}"

_WEBHOOK = PathPart(
    name="id",
    description="The endpoint's id, as its create answered it.",
    schema={"type": "string", "pattern": f"^we_{_ID}$"},
    example=wire.WEBHOOK_ID,
)

_DELIVERY = PathPart(
    name="id",
    description="The delivery's id, as the list of deliveries shows it.",
    schema={"type": "string", "pattern": f"^whd_{_ID}$"},
    example=wire.DELIVERY_ID,
)

CREATE = Reference(
    id="create_webhook",
    tag="webhooks",
    summary="Add a webhook endpoint",
    description="Its secret is in this answer and in no other.",
    body=wire.CreateBody,
    form=wire.CreateForm,
    answers=[wire.WebhookWithSecret],
    error=ErrorBody,
    errors=[400, 409, 413],
)

LIST = Reference(
    id="list_webhooks",
    tag="webhooks",
    summary="List the webhook endpoints",
    answers=[wire.WebhookList],
    error=ErrorBody,
)

RETRIEVE = Reference(
    id="retrieve_webhook",
    tag="webhooks",
    summary="Retrieve a webhook endpoint",
    path=[_WEBHOOK],
    answers=[wire.WebhookBody],
    error=ErrorBody,
    errors=[404],
)

DELETE = Reference(
    id="delete_webhook",
    tag="webhooks",
    summary="Delete a webhook endpoint",
    description="Nothing more is sent there, and its deliveries are forgotten.",
    path=[_WEBHOOK],
    answers=[wire.DeletedWebhook],
    error=ErrorBody,
    errors=[404],
)

ROTATE = Reference(
    id="rotate_webhook_secret",
    tag="webhooks",
    summary="Give a webhook endpoint another secret",
    description="The new one is in this answer and in no other. For 24 hours every delivery carries a"
    " signature by each of the two.",
    path=[_WEBHOOK],
    answers=[wire.WebhookWithSecret],
    error=ErrorBody,
    errors=[404],
)

ENABLE = Reference(
    id="enable_webhook",
    tag="webhooks",
    summary="Enable a webhook endpoint again",
    description="It gets what happens from now on; what it missed can be replayed.",
    path=[_WEBHOOK],
    answers=[wire.WebhookBody],
    error=ErrorBody,
    errors=[404],
)

LIST_DELIVERIES = Reference(
    id="list_deliveries",
    tag="webhooks",
    summary="List the deliveries to a webhook endpoint",
    description="Newest first, each with every attempt. They are kept for 30 days after their end.",
    path=[_WEBHOOK],
    query=[
        Query(
            name="after",
            description="The id behind which the page begins; the delivery itself may be gone.",
            schema={"type": "string", "pattern": f"^(whd_{_ID})?$"},
        ),
        Query(
            name="limit",
            description="How many deliveries at most.",
            schema={"type": "integer", "minimum": 0, "maximum": wire.LIST_LIMIT, "default": 20},
        ),
    ],
    answers=[wire.DeliveryList],
    error=ErrorBody,
    errors=[400, 404],
)

REPLAY = Reference(
    id="replay_delivery",
    tag="webhooks",
    summary="Send a delivery again",
    description="At once, whatever became of it, under the same `webhook-id`; where it fails, again for"
    " three days.",
    path=[_DELIVERY],
    answers=[wire.DeliveryBody],
    error=ErrorBody,
    errors=[404, 409],
)
