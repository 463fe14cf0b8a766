"""`filmgate webhooks`: endpoints and deliveries, on nothing but `filmgate.client`."""

from collections.abc import Sequence
from datetime import datetime

from filmgate.cli import output
from filmgate.cli.videos import Server, connect
from filmgate.client import Delivery, WebhookEndpoint

_KEEP_IT = "Keep the secret: it is shown this once."


def add(url: str, *, events: Sequence[str], as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        endpoint = client.webhooks.create(url, events=events or None)
        _show(endpoint, as_json=as_json)
        output.say(_KEEP_IT)


def ls(*, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        endpoints = client.webhooks.list()
        if as_json:
            data = [endpoint.as_wire() for endpoint in endpoints]
            output.show_document({"object": "list", "data": data, "has_more": False})
            return
        output.show_rows(
            ("ID", "STATUS", "EVENTS", "URL"),
            [(each.id, each.status, " ".join(each.events), each.url) for each in endpoints],
        )
        if not endpoints:
            output.say("There are no webhook endpoints. Add one with: filmgate webhooks add URL")


def show(endpoint_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        _show(client.webhooks.retrieve(endpoint_id), as_json=as_json)


def rm(endpoint_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        client.webhooks.delete(endpoint_id)
        if as_json:
            kind = "webhook_endpoint.deleted"
            output.show_document({"id": endpoint_id, "object": kind, "deleted": True})
        else:
            output.show(f"{endpoint_id} deleted")


def rotate(endpoint_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        _show(client.webhooks.rotate(endpoint_id), as_json=as_json)
        output.say(f"{_KEEP_IT} The one before is valid for another 24 hours.")


def enable(endpoint_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        endpoint = client.webhooks.enable(endpoint_id)
        if as_json:
            output.show_document(endpoint.as_wire())
        else:
            output.show(f"{endpoint.id} {endpoint.status}")


def deliveries(endpoint_id: str, *, limit: int, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        page = client.webhooks.deliveries(endpoint_id, limit=limit)
        if as_json:
            data = [delivery.as_wire() for delivery in page.deliveries]
            output.show_document({"object": "list", "data": data, "has_more": page.has_more})
            return
        output.show_rows(
            ("ID", "STATUS", "EVENT", "TRIES", "LAST", "OUTCOME"),
            [_row(delivery) for delivery in page.deliveries],
        )
        if not page.deliveries:
            output.say("Nothing has been sent there yet.")


def replay(delivery_id: str, *, as_json: bool, server: Server) -> None:
    with output.failures_explained(), connect(server) as client:
        delivery = client.webhooks.replay(delivery_id)
        if as_json:
            output.show_document(delivery.as_wire())
        else:
            output.show(f"{delivery.id} {delivery.status}")


def _show(endpoint: WebhookEndpoint, *, as_json: bool) -> None:
    if as_json:
        output.show_document(endpoint.as_wire())
        return
    lines = {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": " ".join(endpoint.events),
        "status": endpoint.status,
        "reason": endpoint.disabled_reason,
        "created": _moment(endpoint.created_at),
        "secret": endpoint.secret,
    }
    for name, value in lines.items():
        if value:
            output.show(f"{name:<10} {output.one_line(value)}")
    if endpoint.status == "disabled":
        output.say(f"Once it answers again: filmgate webhooks enable {endpoint.id}")


def _row(delivery: Delivery) -> tuple[str, ...]:
    last = delivery.attempts[-1] if delivery.attempts else None
    return (
        delivery.id,
        delivery.status,
        str(delivery.event.get("type", "")),
        str(len(delivery.attempts)),
        "" if last is None else _moment(last.at),
        "" if last is None else last.error or str(last.status_code),
    )


def _moment(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
