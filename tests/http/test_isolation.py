"""Nobody in who does not belong: every route, asked with no key, with bad keys, and by another account.

A new route fails here until it is described: in CALLS, by what is needed to have one's wish, or in PUBLIC.
"""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from filmgate.core.account import new_key
from filmgate.core.catalogue import PORTRAIT
from filmgate.database.connection import Database
from filmgate.http.app import build_app, endpoints_of
from filmgate.http.around import BASE_PREFIXES
from filmgate.http.endpoints import Endpoint
from filmgate.http.services import Services
from filmgate.usecases import accounts
from tests.http.belongings import PROMPT, Belongings, Call, Thing, acquire, everything
from tests.http.conftest import BASE_URL
from tests.http.live import Hand, live, streaming
from tests.http.stage import Stage
from tests.scripted_engine import write_sample

PUBLIC: Mapping[str, str] = {
    "GET /files/{key:path}": "the signature in the link is the right: see test_signed_links.py",
    "HEAD /files/{key:path}": "as the GET",
    "GET /healthz": "a load balancer has no key, and the answer is a constant",
    "HEAD /healthz": "as the GET",
    "GET /readyz": "a load balancer has no key; the answer names our own parts alone",
    "HEAD /readyz": "as the GET",
    "GET /llms.txt": "what every server of this version says of itself",
    "GET /docs": "as llms.txt",
    "GET /openapi.json": "as llms.txt",
    "GET /docs/relay.md": "as llms.txt",
    "GET /docs/openai.md": "as llms.txt",
    "GET /docs/newapi.md": "as llms.txt",
    "GET /docs/webhooks.md": "as llms.txt",
    "GET /docs/waiting.md": "as llms.txt",
    "GET /docs/errors.md": "as llms.txt",
    "GET /docs/scenes.md": "as llms.txt",
}
"""The routes that want no key, and why."""

_WISH = {"model": "sora-2", "prompt": "A cat"}
_OTHER = {"prompt": "A dog"}
_FROM = {"prompt": "A dog", "video": {"id": "{id}"}}
_STARRING = {**_WISH, "characters": [{"id": "{id}"}]}
_PATIENT = {"prefer": "wait=1"}
_ANY_STATE = {"if-none-match": "*"}

CALLS: tuple[Call, ...] = (
    Call(route="POST /v1/sora/videos", json=_WISH),
    Call(route="POST /v1/sora/videos", json=_STARRING, thing=Thing.CHARACTER),
    Call(route="POST /sora/videos", json=_WISH),
    Call(route="POST /sora/videos", json=_STARRING, thing=Thing.CHARACTER),
    Call(route="GET /v1/result/{id}", thing=Thing.FINISHED),
    Call(route="GET /v1/result/{id}", thing=Thing.WAITING, headers=_PATIENT),
    Call(route="GET /v1/videos/sora_{id}", thing=Thing.FINISHED),
    Call(route="GET /v1/videos/sora_{id}", thing=Thing.FINISHED, headers=_ANY_STATE),
    Call(route="POST /v1/videos/sora_{id}/cancel", thing=Thing.WAITING),
    Call(route="POST /v1/videos", json=_WISH),
    Call(route="POST /v1/videos", json=_STARRING, thing=Thing.CHARACTER),
    Call(route="GET /v1/videos"),
    Call(route="GET /v1/videos", params={"after": "{id}", "order": "asc"}, thing=Thing.FINISHED),
    Call(route="POST /v1/videos/edits", json=_FROM, thing=Thing.FINISHED),
    Call(route="POST /v1/videos/edits", data=_OTHER, has_film=True),
    Call(route="POST /v1/videos/extensions", json={**_FROM, "seconds": "4"}, thing=Thing.FINISHED),
    Call(route="POST /v1/videos/characters", data={"name": "Rex"}, has_film=True),
    Call(route="GET /v1/videos/characters/{id}", thing=Thing.CHARACTER),
    Call(route="DELETE /v1/videos/characters/{id}", thing=Thing.CHARACTER),
    Call(route="GET /v1/videos/{id}", thing=Thing.FINISHED),
    Call(route="GET /v1/videos/{id}", thing=Thing.WAITING, headers=_PATIENT),
    Call(route="GET /v1/videos/{id}", thing=Thing.FINISHED, headers=_ANY_STATE),
    Call(route="DELETE /v1/videos/{id}", thing=Thing.FINISHED),
    Call(route="DELETE /v1/videos/{id}", thing=Thing.WAITING),
    Call(route="POST /v1/videos/{id}/remix", json=_OTHER, thing=Thing.FINISHED),
    Call(route="POST /v1/videos/{id}/cancel", thing=Thing.WAITING),
    Call(route="GET /v1/videos/{id}/content", thing=Thing.FINISHED),
    Call(
        route="GET /v1/videos/{id}/content", params={"variant": "thumbnail"}, thing=Thing.FINISHED
    ),
    Call(route="GET /v1/videos/{id}/content", headers={"range": "bytes=0-9"}, thing=Thing.FINISHED),
    Call(route="HEAD /v1/videos/{id}/content", thing=Thing.FINISHED),
    Call(route="GET /v1/models"),
    Call(route="POST /v1/video/generations", json=_WISH),
    Call(route="POST /v1/video/generations", json=_STARRING, thing=Thing.CHARACTER),
    Call(route="GET /v1/video/generations/{id}", thing=Thing.FINISHED),
    Call(route="GET /v1/events", is_endless=True),
    Call(route="GET /v1/videos/{id}/events", thing=Thing.FINISHED),
    Call(route="GET /v1/videos/{id}/events", thing=Thing.WAITING, is_endless=True),
    Call(route="GET /v1/videos/{id}/events", headers={"last-event-id": "1"}, thing=Thing.FINISHED),
    Call(route="POST /v1/webhooks", json={"url": "https://hooks.example/x"}),
    Call(route="GET /v1/webhooks"),
    Call(route="GET /v1/webhooks/{id}", thing=Thing.WEBHOOK),
    Call(route="DELETE /v1/webhooks/{id}", thing=Thing.WEBHOOK),
    Call(route="POST /v1/webhooks/{id}/rotate", thing=Thing.WEBHOOK),
    Call(route="POST /v1/webhooks/{id}/enable", thing=Thing.WEBHOOK),
    Call(route="GET /v1/webhooks/{id}/deliveries", thing=Thing.WEBHOOK),
    Call(route="POST /v1/webhooks/deliveries/{id}/replay", thing=Thing.DELIVERY),
)
"""What the owner of everything in `Belongings` may ask; each is answered well."""

OF_THINGS = [call for call in CALLS if call.thing is not None]
OF_NOTHING = [call for call in CALLS if call.thing is None and not call.is_endless]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four upright seconds, with which anything can be made."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_sample(path, seconds=4, size=PORTRAIT)
    return path.read_bytes()


@pytest.fixture
async def ours(
    client: httpx2.AsyncClient, stage: Stage, database: Database, film: bytes
) -> Belongings:
    return await acquire(client, stage, database, film=film)


class FromEverywhere:
    """Each request comes from an address of its own: what is counted by address must not decide here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        number = next(self._numbers)
        address = f"203.0.{number // 250}.{number % 250}"
        await self._app({**scope, "client": (address, 50_000)}, receive, send)


def opened(app: ASGIApp) -> httpx2.AsyncClient:
    """A client that says nothing of itself."""
    transport = httpx2.ASGITransport(FromEverywhere(app))
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL)


def described(calls: Iterable[Call]) -> set[str]:
    return {call.route for call in calls} | set(PUBLIC)


def names_of(endpoints: Iterable[Endpoint]) -> set[str]:
    return {f"{each.method} {each.path}" for each in endpoints}


def test_every_route_is_described_here_and_no_other(services: Services) -> None:
    assert names_of(endpoints_of(services)) == described(CALLS)


def test_a_route_that_nobody_described_is_noticed(services: Services) -> None:
    async def answer(_: Request) -> Response:
        return Response()

    endpoints = [*endpoints_of(services), Endpoint("PATCH", "/v1/accounts/{id}", answer)]
    assert names_of(endpoints) - described(CALLS) == {"PATCH /v1/accounts/{id}"}


def spoiled(key: str) -> dict[str, list[tuple[str, str]]]:
    """Headers that are not quite `Authorization: Bearer KEY`."""
    bearer = {
        "nothing after the scheme": "Bearer ",
        "the scheme alone": "Bearer",
        "no scheme": key,
        "another scheme": f"Basic {key}",
        "a key that says nothing": "Bearer null",
        "a key of another server": f"Bearer {new_key()}",
        "a key that nobody made": "Bearer an-unknown-key",
        "the case changed": f"Bearer {key.swapcase()}",
        "a letter missing": f"Bearer {key[:-1]}",
        "a letter too many": f"Bearer {key}0",
        "the hint alone": f"Bearer {key[-4:]}",
        "two keys": f"Bearer {key} {key}",
        "a comma": f"Bearer {key},{key}",
        "quotes": f'Bearer "{key}"',
        "wild cards": "Bearer sk-fg-%",
        "an apostrophe": "Bearer ' or '1'='1",
        "very long": f"Bearer {'x' * 5_000}",
    }
    spoiled = {name: [("authorization", value)] for name, value in bearer.items()}
    return spoiled | {
        "no header": [],
        "another header": [("x-api-key", key), ("proxy-authorization", f"Bearer {key}")],
        "a cookie": [("cookie", f"authorization=Bearer {key}; api_key={key}")],
        "the second of two": [("authorization", "Bearer x"), ("authorization", f"Bearer {key}")],
    }


@pytest.mark.parametrize("name", spoiled("sk-fg-example"))
async def test_without_a_good_key_no_route_answers(
    name: str, services: Services, ours: Belongings, key: str, film: bytes, store_folder: Path
) -> None:
    await assert_closed(services, ours, spoiled(key)[name], film=film, folder=store_folder)


async def test_a_revoked_key_opens_no_route(
    services: Services, ours: Belongings, key: str, film: bytes, store_folder: Path
) -> None:
    for _, kept in await accounts.list_keys(services.database):
        await accounts.revoke_key(services.database, kept.id)
    headers = [("authorization", f"Bearer {key}")]
    await assert_closed(services, ours, headers, film=film, folder=store_folder)


@pytest.mark.parametrize("prefix", BASE_PREFIXES)
async def test_without_a_key_no_route_answers_below_a_prefix(
    prefix: str, services: Services, ours: Belongings, film: bytes, store_folder: Path
) -> None:
    await assert_closed(services, ours, [], film=film, folder=store_folder, below=prefix)


async def assert_closed(
    services: Services,
    ours: Belongings,
    headers: list[tuple[str, str]],
    *,
    film: bytes,
    folder: Path,
    below: str = "",
) -> None:
    before = await everything(services.database, folder)
    async with opened(build_app(services)) as client:
        client.headers = httpx2.Headers(headers)
        for call in CALLS:
            wire_id = ours.id_of(call.thing)
            answer = await call.ask(client, wire_id=wire_id, film=film, below=below)
            assert answer.status_code == 401, call
            assert answer.headers["www-authenticate"] == "Bearer", call
            assert ours.traces_in(answer) == [], call
    assert await everything(services.database, folder) == before


@pytest.mark.parametrize("call", OF_THINGS, ids=str)
async def test_to_another_account_ours_is_as_unknown_as_what_never_was(
    call: Call,
    services: Services,
    client: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    ours: Belongings,
    film: bytes,
    store_folder: Path,
) -> None:
    assert call.thing is not None
    before = await everything(services.database, store_folder)
    of_ours = await call.ask(stranger, wire_id=ours.id_of(call.thing), film=film)
    after = await everything(services.database, store_folder)
    of_nothing = await call.ask(stranger, wire_id=call.thing.unknown, film=film)
    assert said(of_ours, ours.id_of(call.thing)) == said(of_nothing, call.thing.unknown)
    assert before == after
    if not call.is_endless:
        # Or the refusal would prove nothing: the request might be no good.
        answer = await call.ask(client, wire_id=ours.id_of(call.thing), film=film)
        assert answer.is_success or answer.status_code == 304, answer.text


@pytest.mark.parametrize("call", OF_NOTHING, ids=str)
async def test_what_another_account_makes_or_lists_shows_and_changes_nothing_of_ours(
    call: Call,
    services: Services,
    stranger: httpx2.AsyncClient,
    ours: Belongings,
    film: bytes,
    store_folder: Path,
) -> None:
    before = await everything(services.database, store_folder)
    answer = await call.ask(stranger, wire_id="", film=film)
    assert answer.is_success, answer.text
    assert ours.traces_in(answer) == []
    after = await everything(services.database, store_folder)
    for name, rows in before.items():
        assert set(rows) <= set(after[name]), name


async def test_another_account_s_deliveries_are_no_position_in_a_list(
    stranger: httpx2.AsyncClient, ours: Belongings
) -> None:
    theirs = (await stranger.post("/v1/webhooks", json={"url": "https://a.example/"})).json()["id"]
    path = f"/v1/webhooks/{theirs}/deliveries"
    answers = [
        await stranger.get(path, params={"after": after})
        for after in (ours.id_of(Thing.DELIVERY), Thing.DELIVERY.unknown)
    ]
    assert said(answers[0], "") == said(answers[1], "")


async def test_another_account_s_stream_tells_nothing_of_ours(
    services: Services, ours: Belongings, key: str
) -> None:
    stranger_key, _ = await accounts.create_key(services.database, account="theirs", name="test")
    headers = {"authorization": f"Bearer {stranger_key}"}
    hand = Hand(services.database)
    async with (
        live(services) as address,
        httpx2.AsyncClient(base_url=address, headers=headers) as stranger,
        streaming(stranger, "/v1/events", after="0") as stream,
    ):
        await stream.opened()
        await hand.complete(ours.id_of(Thing.WAITING))
        theirs = (await stranger.post("/v1/videos", json=_WISH)).json()["id"]
        await hand.complete(theirs)
        told = await stream.next()
        while told.name == "video.progress":
            assert told.video_id == theirs
            told = await stream.next()
        assert (told.name, told.video_id) == ("video.completed", theirs)


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/sora/videos", "/v1/video/generations"])
async def test_the_same_idempotency_key_means_another_video_to_another_account(
    path: str, client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    headers = {"idempotency-key": "order-7"}
    body = {"model": "sora-2", "prompt": PROMPT}
    first = await client.post(path, json=body, headers=headers)
    second = await stranger.post(path, json=body, headers=headers)
    assert first.json()["id"] != second.json()["id"]
    assert "idempotent-replayed" not in second.headers


async def test_what_is_public_asks_for_no_key_and_shows_nothing_of_ours(
    services: Services, ours: Belongings
) -> None:
    async with opened(build_app(services)) as client:
        for route in PUBLIC:
            method, _, path = route.partition(" ")
            answer = await client.request(method, path.replace("{key:path}", "videos/x.mp4"))
            assert answer.status_code == (403 if path.startswith("/files") else 200), route
            assert ours.traces_in(answer) == [], route


def said(answer: httpx2.Response, wire_id: str) -> tuple[int, list[tuple[str, str]], str]:
    """All of an answer but what is another in each; the id that was asked for counts for none."""
    own = ("x-request-id", "date", "x-ratelimit-remaining", "x-ratelimit-reset")
    headers = [each for each in answer.headers.multi_items() if each[0] not in own]
    bare = wire_id.rpartition("_")[2]
    text = answer.text.replace(bare, "{id}") if bare else answer.text
    return answer.status_code, sorted(headers), text
