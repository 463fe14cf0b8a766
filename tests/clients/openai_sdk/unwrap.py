"""Check and open a webhook delivery; print what is in it, and whether altered ones pass."""

import json
import sys

import openai  # type: ignore[import-not-found]

client = openai.OpenAI()
delivery = json.loads(sys.argv[1])
secret, body, headers = delivery["secret"], delivery["body"], delivery["headers"]


def opens(payload: str, with_secret: str) -> bool:
    try:
        client.webhooks.unwrap(payload, headers, secret=with_secret)
    except openai.InvalidWebhookSignatureError:
        return False
    return True


event = client.webhooks.unwrap(body, headers, secret=secret)
other = "whsec_" + "A" * 43 + "="
found = {
    "class": type(event).__name__,
    "event": event.to_dict(),
    "an altered body opens": opens(body.replace("evt_", "evt_x"), secret),
    "another secret opens it": opens(body, other),
}
json.dump(found, sys.stdout)
