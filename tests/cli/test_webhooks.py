"""`filmgate webhooks`: what each command asks of the server, what it prints, and how it ends."""

import json

import pytest
from typer.testing import CliRunner, Result

from filmgate.cli.main import app
from tests.scripted_server import ScriptedServer, error_reply, json_reply

WEBHOOKS, WEBHOOK = "/v1/webhooks", "/v1/webhooks/we_01kabc"
SECRET = "whsec_c2VjcmV0"


def wire_webhook(**changes: object) -> dict[str, object]:
    webhook: dict[str, object] = {
        "id": "we_01kabc",
        "object": "webhook_endpoint",
        "url": "https://hooks.example/x",
        "events": ["video.completed", "video.failed"],
        "status": "enabled",
        "disabled_reason": None,
        "created_at": 1_790_000_000,
    }
    return webhook | changes


def wire_delivery(**changes: object) -> dict[str, object]:
    delivery: dict[str, object] = {
        "id": "whd_01kdef",
        "object": "delivery",
        "event": {
            "id": "evt_01kghi",
            "object": "event",
            "created_at": 1_790_000_000,
            "type": "video.completed",
            "data": {"id": "video_01kabc"},
        },
        "status": "pending",
        "attempts": [
            {"at": 1_790_000_001, "status_code": None, "error": "No\tanswer.", "duration_ms": 5},
        ],
        "next_attempt_at": 1_790_000_006,
        "failure": None,
    }
    return delivery | changes


def wire_list(*data: object) -> dict[str, object]:
    return {"object": "list", "data": list(data), "has_more": False}


@pytest.fixture
def hooks(server: ScriptedServer, folder: object) -> ScriptedServer:
    """A server with one endpoint, to which one delivery is under way."""
    with_secret = wire_webhook(secret=SECRET)
    server.on("POST", WEBHOOKS, json_reply(with_secret))
    server.on("GET", WEBHOOKS, json_reply(wire_list(wire_webhook())))
    server.on("GET", WEBHOOK, json_reply(wire_webhook()))
    server.on("POST", f"{WEBHOOK}/rotate", json_reply(with_secret))
    server.on("POST", f"{WEBHOOK}/enable", json_reply(wire_webhook()))
    server.on("GET", f"{WEBHOOK}/deliveries", json_reply(wire_list(wire_delivery())))
    server.on("POST", f"{WEBHOOKS}/deliveries/whd_01kdef/replay", json_reply(wire_delivery()))
    deleted = {"id": "we_01kabc", "object": "webhook_endpoint.deleted", "deleted": True}
    server.on("DELETE", WEBHOOK, json_reply(deleted))
    return server


def filmgate(*words: str) -> Result:
    return CliRunner().invoke(app, ["webhooks", *words])


def test_add_prints_the_endpoint_and_its_secret(hooks: ScriptedServer) -> None:
    ended = filmgate("add", "https://hooks.example/x")
    assert ended.exit_code == 0
    told = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines())
    assert (told["id"], told["secret"]) == ("we_01kabc", SECRET)
    assert "shown this once" in ended.stderr
    (request,) = hooks.requests("POST", WEBHOOKS)
    assert json.loads(request.body) == {"url": "https://hooks.example/x"}
    assert request.headers["authorization"] == "Bearer sk-fg-secret"


def test_add_sends_the_events_that_are_wanted(hooks: ScriptedServer) -> None:
    filmgate("add", "https://x.example/", "--event", "video.failed", "--event", "video.completed")
    (request,) = hooks.requests("POST", WEBHOOKS)
    assert json.loads(request.body)["events"] == ["video.failed", "video.completed"]


def test_ls_prints_a_line_for_each(hooks: ScriptedServer) -> None:
    assert filmgate("ls").stdout == (
        "we_01kabc\tenabled\tvideo.completed video.failed\thttps://hooks.example/x\n"
    )


def test_ls_of_nothing_says_how_to_begin(server: ScriptedServer, folder: object) -> None:
    server.on("GET", WEBHOOKS, json_reply(wire_list()))
    ended = filmgate("ls")
    assert (ended.stdout, ended.exit_code) == ("", 0)
    assert "filmgate webhooks add URL" in ended.stderr


def test_show_says_why_an_endpoint_is_disabled(server: ScriptedServer, folder: object) -> None:
    reason = "It answered with status 410."
    disabled = wire_webhook(status="disabled", disabled_reason=reason)
    server.on("GET", WEBHOOK, json_reply(disabled))
    ended = filmgate("show", "we_01kabc")
    assert f"reason     {reason}\n" in ended.stdout
    assert "filmgate webhooks enable we_01kabc" in ended.stderr


def test_rotate_prints_the_new_secret(hooks: ScriptedServer) -> None:
    ended = filmgate("rotate", "we_01kabc")
    assert SECRET in ended.stdout
    assert "another 24 hours" in ended.stderr


def test_enable_says_that_it_is(hooks: ScriptedServer) -> None:
    assert filmgate("enable", "we_01kabc").stdout == "we_01kabc enabled\n"


def test_rm_deletes(hooks: ScriptedServer) -> None:
    assert filmgate("rm", "we_01kabc").stdout == "we_01kabc deleted\n"
    assert len(hooks.requests("DELETE", WEBHOOK)) == 1


def test_deliveries_prints_a_line_for_each_and_nothing_that_breaks_it(
    hooks: ScriptedServer,
) -> None:
    (line,) = filmgate("deliveries", "we_01kabc", "--limit", "7").stdout.splitlines()
    id_, status, event, tries, _, outcome = line.split("\t")
    assert (id_, status, event) == ("whd_01kdef", "pending", "video.completed")
    assert (tries, outcome) == ("1", "No answer.")
    (request,) = hooks.requests("GET", f"{WEBHOOK}/deliveries")
    assert request.query == {"limit": ["7"]}


def test_replay_sends_again(hooks: ScriptedServer) -> None:
    assert filmgate("replay", "whd_01kdef").stdout == "whd_01kdef pending\n"


@pytest.mark.parametrize(
    ("words", "document"),
    [
        (["add", "https://hooks.example/x"], wire_webhook(secret=SECRET)),
        (["ls"], wire_list(wire_webhook())),
        (["show", "we_01kabc"], wire_webhook()),
        (["rotate", "we_01kabc"], wire_webhook(secret=SECRET)),
        (["enable", "we_01kabc"], wire_webhook()),
        (["deliveries", "we_01kabc"], wire_list(wire_delivery())),
        (["replay", "whd_01kdef"], wire_delivery()),
        (
            ["rm", "we_01kabc"],
            {"id": "we_01kabc", "object": "webhook_endpoint.deleted", "deleted": True},
        ),
    ],
)
def test_json_is_what_the_api_answered(
    hooks: ScriptedServer, words: list[str], document: object
) -> None:
    assert json.loads(filmgate(*words, "--json").stdout) == document


def test_what_might_be_done_twice_is_not_repeated(server: ScriptedServer, folder: object) -> None:
    server.on("POST", WEBHOOKS, error_reply(503, "service_unavailable", "Away."))
    server.on("POST", f"{WEBHOOK}/rotate", error_reply(503, "service_unavailable", "Away."))
    assert filmgate("add", "https://hooks.example/x").exit_code == 3
    assert filmgate("rotate", "we_01kabc").exit_code == 3
    assert len(server.received) == 2


@pytest.mark.parametrize("words", [["show", "video_01k"], ["replay", "../x"], ["rm", "we_/x"]])
def test_what_is_no_id_is_refused_before_it_is_sent(
    hooks: ScriptedServer, words: list[str]
) -> None:
    ended = filmgate(*words)
    assert ended.exit_code == 2
    assert "is not the id of" in ended.stderr
    assert hooks.received == []


def test_an_unknown_endpoint_is_told_in_the_servers_words(
    server: ScriptedServer, folder: object
) -> None:
    words = "No webhook endpoint with this id exists in your account."
    server.on("GET", WEBHOOK, error_reply(404, "webhook_not_found", words))
    ended = filmgate("show", "we_01kabc")
    assert (ended.exit_code, ended.stderr) == (2, f"Error: {words}\n")
