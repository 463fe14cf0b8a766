"""Idempotency-Key on every create of every dialect: answered again, never made again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from filmgate.client import AsyncClient
from filmgate.core.catalogue import PORTRAIT, Catalogue, Model
from filmgate.database.connection import Database
from filmgate.http.app import build_app
from filmgate.http.bodies.uploads import Upload
from filmgate.http.following.watching import Watch
from filmgate.http.idempotency import fingerprint_of
from filmgate.http.services import Services
from filmgate.http.sightings import Sightings
from filmgate.moderation.endpoint import ModerationEndpoint
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.line import Lines
from filmgate.usecases.policies import Policies
from tests.creating import running
from tests.eventually import eventually
from tests.http.conftest import BASE_URL
from tests.http.live import Hand, live, watching
from tests.http.stage import Stage, Traces, picture
from tests.scripted_engine import write_sample
from tests.scripted_server import Reply, ScriptedServer

KEY = {"idempotency-key": "order-7"}
PICTURE = {"input_reference": ("first.png", picture(), "image/png")}
ADDRESS = "https://pictures.example/first.png"
PRICE = 100_000

CREATES: dict[str, dict[str, object]] = {
    "/v1/videos": {"prompt": "A cat", "seconds": 8, "seed": 5},
    "/v1/sora/videos": {"model": "openAiSora2Plus", "prompt": "A cat", "seconds": 8},
    "/sora/videos": {"model": "openAiSora2Plus", "prompt": "A cat"},
    "/v1/video/generations": {"prompt": "A cat", "duration": 8},
    "/kyyAiPower/v1/sora/videos": {"model": "sora-2", "prompt": "A cat"},
}

Send = Callable[[str], Awaitable[httpx2.Response]]
"""Sends one create with a prompt of the caller's choice, or a name."""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_sample(path, seconds=4, size=PORTRAIT)
    return path.read_bytes()


@pytest.fixture
async def source(client: httpx2.AsyncClient, stage: Stage) -> str:
    """The id of a completed video."""
    answer = await client.post("/v1/videos", json={"prompt": "A lake", "seconds": 8})
    await stage.complete(answer.json()["id"])
    return str(answer.json()["id"])


@dataclass
class SlowWeb:
    """A host that answers when it is let."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, url: str) -> bytes:
        self.asked.set()
        await self.may_answer.wait()
        return picture()


async def post(
    client: httpx2.AsyncClient, *, path: str = "/v1/videos", key: str = "order-7", **fields: object
) -> httpx2.Response:
    body = CREATES.get(path, CREATES["/v1/videos"]) | fields
    return await client.post(path, json=body, headers={"idempotency-key": key})


def is_replay(answer: httpx2.Response) -> bool:
    assert answer.status_code == 200, answer.text
    return answer.headers.get("idempotent-replayed") == "true"


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("path", CREATES)
async def test_a_create_sent_again_is_answered_as_before_and_makes_nothing(
    client: httpx2.AsyncClient, traces: Traces, path: str
) -> None:
    first = await post(client, path=path)
    again = await post(client, path=path)
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert again.content == first.content
    assert again.headers["openai-poll-after-ms"] == first.headers["openai-poll-after-ms"]
    assert "idempotent-replayed" not in first.headers
    assert await traces.left() == (1, 1, [])


@pytest.mark.parametrize("path", CREATES)
async def test_it_is_answered_as_created_whatever_has_become_of_the_video(
    client: httpx2.AsyncClient, stage: Stage, path: str
) -> None:
    first = await post(client, path=path)
    await stage.complete(first.json()["id"])
    again = await post(client, path=path)
    assert is_replay(again)
    assert again.json() == {name: said for name, said in first.json().items() if name != "queue"}


@pytest.mark.parametrize("call", ["remix", "edits", "extensions"])
async def test_videos_made_from_videos_are_made_once(
    client: httpx2.AsyncClient, traces: Traces, source: str, call: str
) -> None:
    path = f"/v1/videos/{source}/remix" if call == "remix" else f"/v1/videos/{call}"

    async def send(prompt: str) -> httpx2.Response:
        body = {"prompt": prompt, "seconds": "4", "video": {"id": source}}
        return await client.post(path, json=body, headers=KEY)

    await holds(send)
    rows, _, _ = await traces.left()
    assert rows == 2


async def test_a_video_made_from_an_upload_is_made_once(
    client: httpx2.AsyncClient, traces: Traces, film: bytes
) -> None:
    async def send(prompt: str) -> httpx2.Response:
        return await client.post(
            "/v1/videos/edits", data={"prompt": prompt}, files={"video": film}, headers=KEY
        )

    await holds(send)
    assert await traces.left() == (1, 1, ["source.mp4"])


async def test_a_character_is_made_once(
    client: httpx2.AsyncClient, traces: Traces, film: bytes
) -> None:
    async def send(name: str) -> httpx2.Response:
        return await client.post(
            "/v1/videos/characters", data={"name": name}, files={"video": film}, headers=KEY
        )

    await holds(send)
    assert await traces.left() == (0, 0, ["portrait.webp"])


async def holds(send: Send) -> None:
    """Once, once more, and once with another word under the same key."""
    first, again, other = await send("A cat"), await send("A cat"), await send("A dog")
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert again.content == first.content
    assert told(other) == (422, "idempotency_conflict")


async def test_another_request_under_the_same_key_is_refused_for_good(
    client: httpx2.AsyncClient, traces: Traces
) -> None:
    await post(client)
    answer = await post(client, prompt="A dog")
    assert told(answer) == (422, "idempotency_conflict")
    assert answer.headers["x-should-retry"] == "false"
    assert "Idempotency-Key" in answer.json()["error"]["message"]
    assert await traces.left() == (1, 1, [])


async def test_the_same_request_in_another_dialect_is_another_one(
    client: httpx2.AsyncClient,
) -> None:
    body = {"model": "sora-2", "prompt": "A cat"}
    answers = [await client.post(path, json=body, headers=KEY) for path in CREATES]
    assert [answer.status_code for answer in answers] == [200, 422, 422, 422, 422]


async def test_under_a_base_prefix_it_is_the_same_address(client: httpx2.AsyncClient) -> None:
    first = await post(client, path="/v1/sora/videos")
    body = CREATES["/v1/sora/videos"]
    again = await client.post("/kyyReactApiServer/v1/sora/videos", json=body, headers=KEY)
    assert is_replay(again)
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    "request_words",
    [
        {"content": b'{"seed":5,"seconds":8,\n "prompt":"A cat"}'},
        {"content": b'{"prompt": "A cat", "seconds": 8.0, "seed": 5, "size": null}'},
        {"content": b'\xef\xbb\xbf{"prompt": "\\u0041 cat", "seconds": "8", "seed": "5"}'},
        {"data": {"prompt": "A cat", "seconds": "8", "seed": "5"}},
        {"files": {"seed": (None, "5"), "seconds": (None, "8"), "prompt": (None, "A cat")}},
    ],
)
async def test_the_spelling_of_a_request_does_not_count(
    client: httpx2.AsyncClient, request_words: dict[str, Any]
) -> None:
    first = await post(client)
    again = await client.post("/v1/videos", headers=KEY, **request_words)
    assert is_replay(again)
    assert again.content == first.content


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "A cat "},
        {"seconds": 12},
        {"seed": 6},
        {"style": "unknown to us, and perhaps not for ever"},
        {"image_urls": [""]},
        {"seed": None},
    ],
)
async def test_whatever_else_differs_counts(
    client: httpx2.AsyncClient, other: dict[str, Any]
) -> None:
    await post(client)
    assert told(await post(client, **other)) == (422, "idempotency_conflict")


async def test_of_an_upload_the_bytes_count_and_not_its_name(client: httpx2.AsyncClient) -> None:
    async def send(name: str, data: bytes) -> httpx2.Response:
        files = {"input_reference": (name, data, "image/png")}
        return await client.post("/v1/videos", data={"prompt": "A"}, files=files, headers=KEY)

    await send("first.png", picture())
    assert is_replay(await send("/tmp/another.png", picture()))
    assert told(await send("first.png", picture(kind="WEBP"))) == (422, "idempotency_conflict")


@pytest.mark.parametrize("name", ["", "x" * 256, "t\u00e4glich", "a\x7fb", "a\tb"])
async def test_a_key_that_is_none_is_refused_by_name(
    client: httpx2.AsyncClient, traces: Traces, name: str
) -> None:
    headers = [(b"idempotency-key", name.encode("latin-1"))]
    answer = await client.post("/v1/videos", json={"prompt": "A cat"}, headers=headers)
    assert told(answer) == (400, "invalid_value")
    assert answer.json()["error"]["param"] == "Idempotency-Key"
    assert await traces.left() == (0, 0, [])


async def test_a_key_that_comes_twice_is_refused(client: httpx2.AsyncClient) -> None:
    headers = [("idempotency-key", "a"), ("idempotency-key", "b")]
    answer = await client.post("/v1/videos", json={"prompt": "A cat"}, headers=headers)
    assert told(answer) == (400, "invalid_value")


@pytest.mark.parametrize("name", ["x", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "a b"])
async def test_any_other_text_is_a_key(client: httpx2.AsyncClient, name: str) -> None:
    assert not is_replay(await post(client, key=name))
    assert is_replay(await post(client, key=name))


async def test_another_accounts_same_key_is_another_key(
    client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    ours, theirs = await post(client), await post(stranger)
    assert not is_replay(theirs)
    assert theirs.json()["id"] != ours.json()["id"]


async def test_without_a_key_every_create_makes_a_video(
    client: httpx2.AsyncClient, database: Database, traces: Traces
) -> None:
    async with database.connection() as connection:
        await connection.execute("drop table idempotency")
    answers = [await client.post("/v1/videos", json={"prompt": "A cat"}) for _ in range(2)]
    assert [is_replay(answer) for answer in answers] == [False, False]
    assert await traces.left() == (2, 2, [])


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize(
    "mistake",
    [
        {"seconds": 5, "duration": None},
        {"model": "sora-9"},
        {"image_urls": ["https://nowhere.example/x.png"]},
        {"characters": ["char_" + "0" * 26]},
    ],
)
async def test_a_refused_create_can_be_corrected_under_the_same_key(
    client: httpx2.AsyncClient, traces: Traces, path: str, mistake: dict[str, Any]
) -> None:
    refused = await post(client, path=path, **mistake)
    assert refused.status_code == 400
    assert not is_replay(await post(client, path=path))
    assert await traces.left() == (1, 1, [])


async def test_a_create_that_could_not_be_paid_can_be_sent_again(
    client: httpx2.AsyncClient, services: Services, key: str, database: Database
) -> None:
    catalogue = Catalogue([Model(name="sora-2", price_per_second=PRICE)])
    async with database.connection() as connection:
        await connection.execute("update account set has_credit = true")
    async with process(services, catalogue=catalogue, key=key) as priced:
        assert told(await post(priced)) == (429, "insufficient_quota")
        async with database.connection() as connection:
            await connection.execute("update account set balance = $1", 8 * PRICE)
        assert [is_replay(await post(priced)) for _ in range(2)] == [False, True]


async def test_where_too_many_wait_to_be_written_down_a_client_is_told_when_to_come_back(
    services: Services, key: str, client: httpx2.AsyncClient, traces: Traces
) -> None:
    async with (
        running(Acceptance(services.database, most_waiting=0)) as full,
        process(services, acceptance=full, key=key) as crowded,
    ):
        answers = [
            await post(crowded),
            await crowded.post("/v1/videos", json={"prompt": "A cat"}),
            await crowded.post("/v1/videos", data={"prompt": "A cat"}, files=PICTURE, headers=KEY),
        ]
    assert [told(answer) for answer in answers] == [(503, "service_unavailable")] * 3
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert await traces.left() == (0, 0, [])
    assert not is_replay(await post(client))


async def test_a_video_is_found_again_although_nobody_can_judge_its_prompt_any_more(
    services: Services, key: str, client: httpx2.AsyncClient, traces: Traces
) -> None:
    with ScriptedServer() as server:
        server.on("POST", "/judge", lambda _: Reply(500))
        endpoint = ModerationEndpoint(f"{server.url}/judge", api_key=None, model=None)
        policies = Policies(endpoint=endpoint)
        async with process(services, policies=policies, key=key) as judged:
            assert told(await post(judged)) == (503, "service_unavailable")
            first = await post(client)
            asked = len(server.received)
            assert is_replay(await post(judged))
        assert len(server.received) == asked
        await endpoint.aclose()
    assert not is_replay(first)
    assert await traces.left() == (1, 1, [])


async def test_a_body_that_is_no_body_takes_no_key(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await client.post("/v1/videos", content=b'{"prompt": ', headers=KEY)
    assert answer.status_code == 400
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from idempotency") == 0


async def test_a_deep_body_is_refused_and_breaks_nothing(client: httpx2.AsyncClient) -> None:
    for depth in range(100, 1_000, 50):
        body = b'{"prompt": "A cat", "x": ' + b"[" * depth + b"]" * depth + b"}"
        answer = await client.post("/v1/videos", content=body, headers=KEY)
        assert answer.status_code in {200, 400, 422}, depth


async def test_a_deleted_video_is_neither_shown_again_nor_made_again(
    client: httpx2.AsyncClient, traces: Traces
) -> None:
    first = await post(client)
    await client.delete(f"/v1/videos/{first.json()['id']}")
    answer = await post(client)
    assert told(answer) == (404, "video_not_found")
    assert "deleted" in answer.json()["error"]["message"]
    rows, _, _ = await traces.left()
    assert rows == 1


async def test_a_deleted_character_is_neither_shown_again_nor_made_again(
    client: httpx2.AsyncClient, film: bytes
) -> None:
    async def send() -> httpx2.Response:
        return await client.post(
            "/v1/videos/characters", data={"name": "Miu"}, files={"video": film}, headers=KEY
        )

    first = await send()
    await client.delete(f"/v1/videos/characters/{first.json()['id']}")
    answer = await send()
    assert told(answer) == (404, "character_not_found")
    assert "deleted" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", CREATES)
async def test_whoever_sends_it_again_may_wait_for_the_end(
    client: httpx2.AsyncClient, services: Services, path: str
) -> None:
    first = await post(client, path=path)
    hand = Hand(services.database)

    async def send() -> httpx2.Response:
        headers = KEY | {"prefer": "wait=20"}
        return await client.post(path, json=CREATES[path], headers=headers)

    async with watching(services.watch), asyncio.TaskGroup() as group:
        waiting = group.create_task(send())
        await hand.complete(first.json()["id"])
    answer = waiting.result()
    assert is_replay(answer)
    assert answer.headers["preference-applied"] == "wait=20"
    assert answer.json()["status"] == "completed"


async def test_while_the_first_is_at_work_others_are_told_when_to_come_back(
    services: Services, key: str, traces: Traces
) -> None:
    web = SlowWeb()
    async with process(services, fetch=web.fetch, key=key) as client, asyncio.TaskGroup() as group:
        first = group.create_task(post(client, image_urls=[ADDRESS]))
        await web.asked.wait()
        early = await post(client, image_urls=[ADDRESS])
        web.may_answer.set()
    assert told(early) == (409, "idempotency_in_progress")
    assert 0 < int(early.headers["retry-after"]) <= 10
    assert 0 < int(early.headers["retry-after-ms"]) <= 10_000
    assert "x-should-retry" not in early.headers
    async with process(services, fetch=web.fetch, key=key) as client:
        again = await post(client, image_urls=[ADDRESS])
    assert is_replay(again)
    assert again.json()["id"] == first.result().json()["id"]
    assert await traces.left() == (1, 1, ["0.webp"])


async def test_what_a_process_began_that_fell_silent_is_undone_when_another_takes_over(
    services: Services, key: str, database: Database, traces: Traces
) -> None:
    web = SlowWeb()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        silent = await stack.enter_async_context(process(services, fetch=web.fetch, key=key))
        heir = await stack.enter_async_context(process(services, fetch=answer_at_once, key=key))
        late = group.create_task(post(silent, image_urls=[ADDRESS]))
        await web.asked.wait()
        async with database.connection() as connection:
            await connection.execute("update idempotency set held_until = now() - interval '1 s'")
        made = await post(heir, image_urls=[ADDRESS])
        web.may_answer.set()
        assert told(await late) == (409, "idempotency_in_progress")
        again = await post(silent, image_urls=[ADDRESS])
    assert is_replay(again)
    assert again.json()["id"] == made.json()["id"]
    assert await traces.left() == (1, 1, ["0.webp"])


async def answer_at_once(url: str) -> bytes:
    return picture()


async def test_a_client_that_leaves_finds_its_video_when_it_comes_back(
    services: Services, key: str, traces: Traces
) -> None:
    web = SlowWeb()
    services = replace(services, fetch=web.fetch)
    headers = {"authorization": f"Bearer {key}"}
    async with (
        live(services) as address,
        httpx2.AsyncClient(base_url=address, headers=headers) as client,
    ):
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(
                "/v1/videos",
                json=CREATES["/v1/videos"] | {"image_urls": [ADDRESS]},
                headers=KEY,
                timeout=0.5,
            )
        web.may_answer.set()

        async def come_back() -> httpx2.Response | None:
            answer = await post(client, image_urls=[ADDRESS])
            return answer if answer.status_code == 200 else None

        await eventually(come_back)
    assert await traces.left() == (1, 1, ["0.webp"])


async def test_fifty_at_once_over_two_processes_make_one_video_at_one_price(
    services: Services, dsn: str, key: str, database: Database, traces: Traces
) -> None:
    async with two_processes(services, dsn) as both, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(process(each, key=key)) for each in both]
        for each in clients:
            await each.get(
                "/v1/models"
            )  # a key that a process sees first may not come fifty times at once
        answers = await asyncio.gather(*(post(each) for each in clients * 25))
        again = [await post(each) for each in clients]
    good = [answer for answer in answers if answer.status_code == 200]
    assert [is_replay(answer) for answer in good].count(False) == 1
    assert len({answer.content for answer in [*good, *again]}) == 1
    for answer in answers:
        if answer.status_code != 200:
            assert told(answer) == (409, "idempotency_in_progress"), answer.text
            assert int(answer.headers["retry-after-ms"]) > 0
    assert await traces.left() == (1, 1, [])
    assert await reservations(database) == [-8 * PRICE]


async def test_fifty_clients_that_try_again_all_end_with_the_same_video(
    services: Services, dsn: str, key: str, database: Database, traces: Traces
) -> None:
    async with two_processes(services, dsn) as both, AsyncExitStack() as stack:
        addresses = [await stack.enter_async_context(live(each)) for each in both]
        clients = [
            await stack.enter_async_context(AsyncClient(address, key)) for address in addresses
        ]
        made = await asyncio.gather(
            *(each.create("A cat", seconds=8, idempotency_key="order-7") for each in clients * 25)
        )
    assert len({video.id for video in made}) == 1
    assert await traces.left() == (1, 1, [])
    assert await reservations(database) == [-8 * PRICE]


@asynccontextmanager
async def two_processes(services: Services, dsn: str) -> AsyncIterator[list[Services]]:
    """Two servers of one cluster, which share their database and store, and take money."""
    services = replace(
        services, catalogue=Catalogue([Model(name="sora-2", price_per_second=PRICE)])
    )
    other = await Database.open(dsn)
    async with (
        AsyncExitStack() as stack,
        running(Acceptance(services.database)) as ours,
        running(Acceptance(other)) as theirs,
    ):
        stack.push_async_callback(other.aclose)
        yield [
            replace(services, acceptance=ours),
            replace(
                services,
                database=other,
                watch=Watch(other, Sightings(other)),
                sightings=Sightings(other),
                lines=Lines(other),
                acceptance=theirs,
            ),
        ]


@asynccontextmanager
async def process(
    services: Services, *, key: str, **parts: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server that has some other parts."""
    transport = httpx2.ASGITransport(build_app(replace(services, **parts)))
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url=BASE_URL, headers=headers
    ) as client:
        yield client


async def reservations(database: Database) -> list[int]:
    async with database.connection() as connection:
        rows = await connection.fetch("select amount from ledger where kind = 'reserve'")
    return [row["amount"] for row in rows]


async def test_every_create_says_that_it_takes_a_key(client: httpx2.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    paths = {path for path in CREATES if not path.startswith("/kyy")} | {
        "/v1/videos/{id}/remix",
        "/v1/videos/edits",
        "/v1/videos/extensions",
        "/v1/videos/characters",
    }
    for path in paths:
        operation = described["paths"][path]["post"]
        assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}
        assert "idempotent-replayed" in operation["responses"]["200"]["headers"]
        assert {"409", "422"} <= operation["responses"].keys()


def test_nothing_but_the_same_bytes_passes_for_an_upload(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"film")
    upload = fingerprint_of({"video": Upload(path, 4)}, path="/v1/videos/edits")
    digest = sha256(b"film")
    for other in (int.from_bytes(digest.digest()), digest.hexdigest(), "film", "upload", None):
        assert fingerprint_of({"video": other}, path="/v1/videos/edits") != upload
