"""Who is told by webhook: a real receiver that checks every signature, and fails or does not answer now and then."""

import json
import random
import threading

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests.chaos.journal import Journal, Told, Wrong, bare
from tests.scripted_server import Received, Reply, ScriptedServer

FAIL_SHARE = 0.2
HANG_SHARE = 0.04


class Receiver:
    """One path per account. It fails an event once at most, since the pauses between attempts grow to minutes.

    From `behave` on, it answers everything well.
    """

    def __init__(self, server: ScriptedServer, journal: Journal, rng: random.Random) -> None:
        self._server = server
        self._journal = journal
        self._rng = rng
        self._secrets: dict[str, str] = {}
        self._is_good = threading.Event()
        self._heard: set[str] = set()

    def url(self, account: str) -> str:
        path = f"/hooks/{account}"
        self._server.on("POST", path, lambda request: self._reply(account, request))
        return f"{self._server.url}{path}"

    def trust(self, account: str, secret: str) -> None:
        self._secrets[account] = secret

    def behave(self) -> None:
        self._is_good.set()

    def _reply(self, account: str, request: Received) -> Reply:
        try:
            Webhook(self._secrets[account]).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            self._journal.write(Wrong(account=account, what=f"a webhook's signature: {error}"))
            return Reply(400)
        reply = self._mood(request.headers["webhook-id"])
        body = json.loads(request.body)
        told = Told(
            account=account,
            endpoint=account,
            event=request.headers["webhook-id"],
            video=bare(body["data"]["id"]),
            type=body["type"],
            reply=0 if reply.hang else reply.status,
        )
        if told.event != body["id"]:
            self._journal.write(Wrong(account=account, what=f"webhook-id {told.event} for {body}"))
        self._journal.write(told)
        return reply

    def _mood(self, event: str) -> Reply:
        luck = self._rng.random()
        if self._is_good.is_set() or event in self._heard:
            return Reply(204)
        self._heard.add(event)
        if luck < HANG_SHARE:
            return Reply(hang=True)
        return Reply(500) if luck < HANG_SHARE + FAIL_SHARE else Reply(204)
