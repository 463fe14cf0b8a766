"""An endpoint of a client's own, registered with the server, that keeps the deliveries as they arrive."""

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.server import Relay
from tests.scripted_server import Received, Reply, ScriptedServer

WITHIN_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Receiver:
    """`secret` is what the server signs this endpoint's deliveries with."""

    secret: str
    _arrived: queue.Queue[Received]

    def delivery_of(self, video_id: str) -> dict[str, Any]:
        """The raw body and headers of the delivery that speaks of this video."""
        while True:
            request = self._arrived.get(timeout=WITHIN_SECONDS)
            if json.loads(request.body)["data"]["id"] == video_id:
                return {"body": request.body.decode(), "headers": dict(request.headers)}


@contextmanager
def receiving(relay: Relay) -> Iterator[Receiver]:
    arrived: queue.Queue[Received] = queue.Queue()

    def accept(request: Received) -> Reply:
        arrived.put(request)
        return Reply(204)

    with ScriptedServer() as server:
        server.on("POST", "/deliveries", accept)
        answer = relay.http.post("/v1/webhooks", json={"url": f"{server.url}/deliveries"})
        assert answer.status_code == 200, answer.text
        yield Receiver(answer.json()["secret"], arrived)
        relay.http.delete(f"/v1/webhooks/{answer.json()['id']}")
