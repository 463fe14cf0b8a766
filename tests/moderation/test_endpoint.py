"""The moderation endpoint, against a real server that answers well, badly, slowly or not at all."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from filmgate.moderation.endpoint import MAX_ANSWER_BYTES, ModerationEndpoint, Verdict
from filmgate.moderation.errors import ModerationUnavailable
from tests.scripted_server import Reply, ScriptedServer, json_reply

PATH = "/v1/moderations"
PASSED = {"results": [{"flagged": False, "categories": {"violence": False}}]}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
async def endpoint(server: ScriptedServer) -> AsyncIterator[ModerationEndpoint]:
    endpoint = ModerationEndpoint(
        server.url + PATH, api_key="sk-1", model="omni", time_limit=timedelta(seconds=5)
    )
    yield endpoint
    await endpoint.aclose()


async def test_the_prompt_is_sent_in_openais_words(
    server: ScriptedServer, endpoint: ModerationEndpoint
) -> None:
    server.on("POST", PATH, json_reply(PASSED))
    assert await endpoint.judge("A cat\n☂") == Verdict(is_flagged=False)
    (request,) = server.requests("POST", PATH)
    assert json.loads(request.body) == {"input": "A cat\n☂", "model": "omni"}
    assert request.headers["authorization"] == "Bearer sk-1"
    assert request.headers["content-type"] == "application/json"


async def test_without_key_and_model_neither_is_sent(server: ScriptedServer) -> None:
    server.on("POST", PATH, json_reply(PASSED))
    endpoint = ModerationEndpoint(server.url + PATH, api_key=None, model=None)
    await endpoint.judge("A cat")
    await endpoint.aclose()
    (request,) = server.requests("POST", PATH)
    assert json.loads(request.body) == {"input": "A cat"}
    assert "authorization" not in request.headers


async def test_a_flag_comes_with_the_categories_that_hold(
    server: ScriptedServer, endpoint: ModerationEndpoint
) -> None:
    categories = {"violence": True, "self-harm/intent": True, "hate": False, "<script>": True}
    server.on("POST", PATH, json_reply({"results": [{"flagged": True, "categories": categories}]}))
    assert await endpoint.judge("?") == Verdict(
        is_flagged=True, categories=("self-harm/intent", "violence")
    )


@pytest.mark.parametrize("categories", [None, [], {"violence": "yes"}])
async def test_a_flag_needs_no_categories(
    categories: object, server: ScriptedServer, endpoint: ModerationEndpoint
) -> None:
    result = {"flagged": True, "categories": categories}
    server.on("POST", PATH, json_reply({"results": [result]}))
    assert await endpoint.judge("?") == Verdict(is_flagged=True)


async def test_one_flag_of_several_results_is_enough(
    server: ScriptedServer, endpoint: ModerationEndpoint
) -> None:
    server.on("POST", PATH, json_reply({"results": [{"flagged": False}, {"flagged": True}]}))
    assert (await endpoint.judge("?")).is_flagged


@pytest.mark.parametrize(
    "reply",
    [
        json_reply(PASSED, 500),
        json_reply(PASSED, 401),
        json_reply(PASSED, 429),
        json_reply(PASSED, 201),
        Reply(302, headers={"location": "/elsewhere"}),
        Reply(200, b""),
        Reply(200, b"<html>"),
        Reply(200, b"\xff\xfe"),
        Reply(200, b"[" * 100_000),
        json_reply([]),
        json_reply({}),
        json_reply({"results": []}),
        json_reply({"results": {"flagged": False}}),
        json_reply({"results": [{}]}),
        json_reply({"results": [None]}),
        json_reply({"results": [{"flagged": 0}]}),
        json_reply({"results": [{"flagged": "false"}]}),
        json_reply({"results": [{"flagged": False}, {"flagged": None}]}),
        Reply(200, json.dumps(PASSED).encode(), cut_after=20),
        Reply(200, json.dumps(PASSED).encode() + b" " * MAX_ANSWER_BYTES),
    ],
)
async def test_what_is_not_clearly_a_verdict_is_none(
    reply: Reply, server: ScriptedServer, endpoint: ModerationEndpoint
) -> None:
    server.on("POST", PATH, reply)
    server.on("GET", "/elsewhere", json_reply(PASSED))
    with pytest.raises(ModerationUnavailable):
        await endpoint.judge("A cat")
    assert server.requests("GET", "/elsewhere") == []


async def test_an_endpoint_that_hangs_is_given_up(server: ScriptedServer) -> None:
    server.on("POST", PATH, Reply(hang=True))
    endpoint = ModerationEndpoint(
        server.url + PATH, api_key=None, model=None, time_limit=timedelta(milliseconds=200)
    )
    with pytest.raises(ModerationUnavailable, match=r"took too long|could not be reached"):
        await endpoint.judge("A cat")
    await endpoint.aclose()


async def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    with ScriptedServer() as server:
        url = server.url + PATH
    endpoint = ModerationEndpoint(url, api_key="sk-secret", model=None)
    with pytest.raises(ModerationUnavailable, match="could not be reached") as caught:
        await endpoint.judge("A cat")
    assert "sk-secret" not in caught.value.message
    await endpoint.aclose()
