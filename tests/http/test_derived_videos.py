"""Videos made from videos: remix, edit, extension, and characters; what they keep, and what is refused."""

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from filmgate.core.catalogue import PORTRAIT, Catalogue, Model
from filmgate.core.spec import Size, SourceUse
from filmgate.core.video import Failure, Video
from filmgate.http.app import build_app
from filmgate.http.ids import parse_id
from filmgate.http.services import FILM_UPLOAD_LIMIT, Services
from filmgate.usecases import accounts, videos
from tests.http.conftest import BASE_URL
from tests.http.stage import DAY, UNKNOWN, Stage, Traces, picture
from tests.scripted_engine import write_sample

DERIVE = ["remix", "edits", "extensions"]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four upright seconds."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_sample(path, seconds=4, size=PORTRAIT)
    return path.read_bytes()


async def create(client: httpx2.AsyncClient, **fields: object) -> str:
    answer = await client.post("/v1/videos", json={"prompt": "A cat", **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def derive(
    client: httpx2.AsyncClient, how: str, source: str, **fields: object
) -> httpx2.Response:
    if how == "remix":
        return await client.post(f"/v1/videos/{source}/remix", json={"prompt": "A dog"} | fields)
    body = {"prompt": "A dog", "video": {"id": source}} | fields
    return await client.post(f"/v1/videos/{how}", json=body)


async def row(services: Services, client_video: str, source: Video) -> Video:
    return await videos.retrieve(
        services.database, parse_id(client_video), account_id=source.account_id
    )


async def test_a_remix_has_the_same_spec_and_a_new_prompt(
    client: httpx2.AsyncClient, stage: Stage, services: Services
) -> None:
    source_id = await create(client, seconds="8", size="1280x720", seed=5)
    source = await stage.complete(source_id)
    answer = await derive(client, "remix", source_id)
    body = answer.json()
    assert (body["status"], body["prompt"]) == ("queued", "A dog")
    assert (body["seconds"], body["size"], body["model"]) == ("8", "1280x720", "sora-2")
    assert body["remixed_from_video_id"] == source_id
    made = await row(services, body["id"], source)
    assert made.spec == replace(source.spec, prompt="A dog")


async def test_a_remix_keeps_pictures_of_its_own(
    client: httpx2.AsyncClient, stage: Stage, services: Services
) -> None:
    answer = await client.post(
        "/v1/videos", data={"prompt": "A cat"}, files={"input_reference": picture()}
    )
    source_id = answer.json()["id"]
    source = await stage.complete(source_id)
    made = await row(services, (await derive(client, "remix", source_id)).json()["id"], source)
    (own,) = made.spec.references
    assert own.startswith(f"videos/{made.id}/")
    assert await services.store.read(own) == await services.store.read(source.spec.references[0])


async def test_a_remix_of_a_relay_id_is_answered_in_openai_words(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    source_id = await create(client)
    await stage.complete(source_id)
    body = (await derive(client, "remix", source_id.replace("video_", "sora_"))).json()
    assert body["object"] == "video"
    assert body["remixed_from_video_id"] == source_id


@pytest.mark.parametrize(
    ("how", "use", "seconds"),
    [("edits", SourceUse.EDIT, 4), ("extensions", SourceUse.EXTENSION, 12)],
)
async def test_an_edit_or_extension_keeps_a_film_of_its_own(
    how: str,
    use: SourceUse,
    seconds: int,
    client: httpx2.AsyncClient,
    stage: Stage,
    services: Services,
) -> None:
    source_id = await create(client, seed=3)
    source = await stage.complete(source_id, duration=4.0)
    answer = await derive(client, how, source_id, seconds="8")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["seconds"] == str(seconds)
    assert body["remixed_from_video_id"] is None
    spec = (await row(services, body["id"], source)).spec
    assert spec.source is not None
    assert (spec.source.use, spec.source.video_id, spec.seed) == (use, source.id, 3)
    await client.delete(f"/v1/videos/{source_id}")
    assert source.asset is not None
    assert await services.store.read(spec.source.key)


@pytest.mark.parametrize(("how", "seconds"), [("edits", "4"), ("extensions", "8")])
@pytest.mark.parametrize("name", ["upload", "C:\\films\\a.mp4", "film.png"])
async def test_an_upload_is_probed_and_kept(
    how: str,
    seconds: str,
    name: str,
    client: httpx2.AsyncClient,
    film: bytes,
) -> None:
    answer = await client.post(
        f"/v1/videos/{how}",
        data={"prompt": "A dog", "seconds": "4"},
        files={"video": (name, film, "application/octet-stream")},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["seconds"], body["size"], body["model"]) == (seconds, "720x1280", "sora-2")


async def test_a_form_may_name_the_video_in_brackets(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    source_id = await create(client)
    await stage.complete(source_id, duration=4.0)
    answer = await client.post(
        "/v1/videos/edits",
        files=[("prompt", (None, "A dog")), ("video[id]", (None, source_id))],
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("how", DERIVE)
async def test_nothing_is_made_from_what_is_not_the_callers_own(
    how: str,
    client: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    stage: Stage,
    traces: Traces,
) -> None:
    source_id = await create(client)
    await stage.complete(source_id)
    before = await traces.left()
    of_ours = await derive(stranger, how, source_id)
    of_nobody = await derive(stranger, how, f"video_{UNKNOWN}")
    assert of_ours.status_code == of_nobody.status_code == 404
    assert of_ours.json() == of_nobody.json()
    assert await traces.left() == before


@pytest.mark.parametrize("how", DERIVE)
async def test_nothing_is_made_from_what_is_not_finished(
    how: str, client: httpx2.AsyncClient, stage: Stage, traces: Traces
) -> None:
    waiting, failed = await create(client), await create(client)
    await stage.fail(failed, Failure("engine_failed", "no"))
    before = await traces.left()
    for source_id in (waiting, failed):
        answer = await derive(client, how, source_id)
        assert answer.status_code == 409
        assert answer.headers["x-should-retry"] == "false"
        assert answer.json()["error"]["code"] == "invalid_transition"
    assert await traces.left() == before


@pytest.mark.parametrize("how", ["edits", "extensions"])
async def test_nothing_outlives_its_day_in_another_video(
    how: str, client: httpx2.AsyncClient, stage: Stage, traces: Traces
) -> None:
    """Although the bytes are still there: they go a little later than the links."""
    source_id = await create(client)
    await stage.complete(source_id, duration=4.0, at=datetime.now(UTC) - DAY)
    before = await traces.left()
    answer = await derive(client, how, source_id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")
    assert await traces.left() == before


async def test_a_record_can_be_remixed_for_ever_but_its_pictures_cannot(
    client: httpx2.AsyncClient, stage: Stage
) -> None:
    plain = await create(client)
    answer = await client.post(
        "/v1/videos", data={"prompt": "A cat"}, files={"input_reference": picture()}
    )
    pictured = answer.json()["id"]
    for source_id in (plain, pictured):
        await stage.complete(source_id, at=datetime.now(UTC) - DAY)
    assert (await derive(client, "remix", plain)).status_code == 200
    assert (await derive(client, "remix", pictured)).status_code == 410


async def test_an_account_has_few_films_looked_at_at_once(
    services: Services, client: httpx2.AsyncClient, film: bytes, key: str
) -> None:
    caller = await accounts.authenticate(services.database, key)
    with ExitStack() as others:
        for _ in range(FILM_UPLOAD_LIMIT):
            others.enter_context(services.film_uploads.taken(caller.account_id))
        answer = await client.post(
            "/v1/videos/characters", data={"name": "Rex"}, files={"video": film}
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_request_that_cannot_be_granted_costs_no_look_at_its_film(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post(
        "/v1/videos/edits", data={"prompt": "", "model": "x"}, files={"video": b"not looked at"}
    )
    assert answer.json()["error"]["param"] == "prompt"


@pytest.mark.parametrize("how", ["edits", "extensions"])
async def test_a_source_whose_film_is_gone_is_expired(
    how: str, client: httpx2.AsyncClient, stage: Stage, services: Services, traces: Traces
) -> None:
    source_id = await create(client)
    source = await stage.complete(source_id, duration=4.0)
    await services.store.delete_folder(f"videos/{source.id}/")
    before = await traces.left()
    answer = await derive(client, how, source_id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")
    assert await traces.left() == before


@pytest.mark.parametrize(
    ("how", "fields", "param"),
    [
        ("remix", {"prompt": ""}, "prompt"),
        ("remix", {"prompt": None}, "prompt"),
        ("edits", {"prompt": " "}, "prompt"),
        ("edits", {"video": None}, "video"),
        ("edits", {"video": "https://example.com/a.mp4"}, "video"),
        ("edits", {"model": "no-such"}, "model"),
        ("extensions", {"seconds": "5"}, "seconds"),
        ("extensions", {"seed": "x"}, "seed"),
        ("extensions", {"video": {"id": 5}}, "video"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_left(
    how: str,
    fields: dict[str, object],
    param: str,
    client: httpx2.AsyncClient,
    stage: Stage,
    traces: Traces,
) -> None:
    source_id = await create(client)
    await stage.complete(source_id, duration=4.0)
    before = await traces.left()
    answer = await derive(client, how, source_id, **fields)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert await traces.left() == before


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"not a film", "video:"), (picture(), "video:"), (b"", "video")],
)
@pytest.mark.parametrize("how", ["edits", "extensions", "characters"])
async def test_an_upload_that_is_no_film_is_refused_and_not_kept(
    how: str, data: bytes, words: str, client: httpx2.AsyncClient, traces: Traces, scratch: Path
) -> None:
    answer = await client.post(
        f"/v1/videos/{how}",
        data={"prompt": "A dog", "name": "Rex"},
        files={"video": ("film.mp4", data, "video/mp4")},
    )
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["param"] == "video"
    assert words in error["message"]
    assert await traces.left() == (0, 0, [])
    assert os.listdir(scratch) == []  # noqa: PTH208 (in a coroutine)


async def test_an_upload_of_another_size_is_refused_with_the_sizes_that_would_do(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    write_sample(tmp_path / "small.mp4", seconds=4, size=Size(64, 64))
    answer = await client.post(
        "/v1/videos/edits",
        data={"prompt": "A dog"},
        files={"video": (tmp_path / "small.mp4").read_bytes()},
    )
    assert answer.status_code == 400
    assert "64x64" in answer.json()["error"]["message"]
    assert "720x1280, 1280x720" in answer.json()["error"]["message"]


async def test_a_model_that_cannot_is_named_with_what_it_can(
    services: Services, client: httpx2.AsyncClient, stage: Stage
) -> None:
    source_id = await create(client)
    await stage.complete(source_id, duration=4.0)
    models = [Model(name="sora-2", edits=False, characters=0)]
    limited = build_app(replace(services, catalogue=Catalogue(models)))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(limited), base_url=BASE_URL, headers=client.headers
    ) as plain:
        answer = await derive(plain, "edits", source_id)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == (
            "sora-2 cannot edit a video; of what there is it can remix and extend."
        )
        listed = (await plain.get("/v1/models")).json()["data"][0]
        assert listed["abilities"] == ["create", "remix", "extend"]
        answer = await plain.post(
            "/v1/videos", json={"prompt": "Rex", "characters": [{"id": f"char_{UNKNOWN}"}]}
        )
        assert answer.json()["error"]["param"] == "characters"
        assert "sora-2 takes at most 0" in answer.json()["error"]["message"]


@pytest.fixture
async def character_id(client: httpx2.AsyncClient, film: bytes) -> str:
    answer = await client.post("/v1/videos/characters", data={"name": "Rex"}, files={"video": film})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def test_a_character_is_kept_for_its_account_alone(
    character_id: str, client: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    answer = await client.get(f"/v1/videos/characters/{character_id}")
    assert list(answer.json()) == ["id", "name", "created_at"]
    assert (answer.json()["id"], answer.json()["name"]) == (character_id, "Rex")
    of_ours = await stranger.get(f"/v1/videos/characters/{character_id}")
    of_nobody = await stranger.get(f"/v1/videos/characters/char_{UNKNOWN}")
    assert of_ours.status_code == of_nobody.status_code == 404
    assert of_ours.json() == of_nobody.json()


async def test_a_request_may_name_characters(
    character_id: str, client: httpx2.AsyncClient, stage: Stage
) -> None:
    video_id = await create(client, characters=[{"id": character_id}])
    video = await stage.begin(video_id)
    assert [f"char_{each}" for each in video.spec.characters] == [character_id]


async def test_a_form_names_them_in_brackets(
    character_id: str, client: httpx2.AsyncClient, stage: Stage
) -> None:
    answer = await client.post(
        "/v1/videos",
        files=[("prompt", (None, "Rex")), ("characters[][id]", (None, character_id))],
    )
    video = await stage.begin(answer.json()["id"])
    assert len(video.spec.characters) == 1


@pytest.mark.parametrize("named", [f"char_{UNKNOWN}", "char_x", "x" * 300, ""])
async def test_an_unknown_character_is_refused(
    named: str, client: httpx2.AsyncClient, traces: Traces
) -> None:
    answer = await client.post("/v1/videos", json={"prompt": "Rex", "characters": [{"id": named}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "characters"
    assert await traces.left() == (0, 0, [])


async def test_another_accounts_character_is_unknown(
    character_id: str, stranger: httpx2.AsyncClient
) -> None:
    answer = await stranger.post(
        "/v1/videos", json={"prompt": "Rex", "characters": [{"id": character_id}]}
    )
    assert answer.status_code == 400
    assert "No character" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", [None, "", " ", "x" * 81, "a\0b"])
async def test_a_character_needs_a_name(
    name: str | None, client: httpx2.AsyncClient, film: bytes, traces: Traces
) -> None:
    data = {} if name is None else {"name": name}
    answer = await client.post("/v1/videos/characters", data=data, files={"video": film})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "name"
    assert await traces.left() == (0, 0, [])
